"""Multidimensional objects outlive their dataset."""
import os
import sys

from osgeo import gdal

os.chdir(sys.argv[1])
dataset = gdal.GetDriverByName("MEM").CreateMultiDimensional("m")
root = dataset.GetRootGroup()
dimension = root.CreateDimension("x", None, None, 3)
array = root.CreateMDArray("a", [dimension], gdal.ExtendedDataType.Create(gdal.GDT_Byte))
del dataset
print(array.GetDimensionCount(), root.GetName())
del root, dimension
array.Write(b"abc")
print(bytes(array.Read()))
