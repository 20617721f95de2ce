"""Arrays outlive their dataset and their group, a view its array; the view is kept while its band is used."""
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


array = make()
view = array.AsClassicDataset(1, 0)
del array
band = view.GetRasterBand(1)
print(band.XSize, band.Checksum())
del band, view
