"""A layer opened by way of a group used after its dataset was closed: of all multidimensional objects the one that does not live on its own."""
import os
import sys

from osgeo import gdal, ogr

os.chdir(sys.argv[1])
source = gdal.GetDriverByName("OpenFileGDB").Create("/vsimem/places.gdb", 0, 0, 0, gdal.GDT_Unknown)
source.CreateLayer("places", geom_type=ogr.wkbPoint)
del source
dataset = gdal.OpenEx("/vsimem/places.gdb", gdal.OF_VECTOR)
group = dataset.GetRootGroup()
layer = group.OpenVectorLayer("places")  # obtained
del dataset  # freed
print(layer.GetFeatureCount())  # used
