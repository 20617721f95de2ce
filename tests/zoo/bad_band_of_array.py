"""The band of a multidimensional array's classic view that nobody keeps."""
import os
import sys

from osgeo import gdal

os.chdir(sys.argv[1])
def make():
    dataset = gdal.GetDriverByName("MEM").CreateMultiDimensional("")
    group = dataset.GetRootGroup()
    sides = [group.CreateDimension(name, None, None, size) for name, size in (("y", 3), ("x", 5))]
    array = group.CreateMDArray("heights", sides, gdal.ExtendedDataType.Create(gdal.GDT_Byte))
    array.Write(bytes(range(15)))
    return array


band = make().AsClassicDataset(1, 0).GetRasterBand(1)  # obtained freed
print(band.XSize)  # used
