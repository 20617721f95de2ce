"""A layer opened by way of a group lives in the dataset: the group may go."""
import os
import sys

from osgeo import gdal, ogr

os.chdir(sys.argv[1])
source = gdal.GetDriverByName("OpenFileGDB").Create("/vsimem/places.gdb", 0, 0, 0, gdal.GDT_Unknown)
source.CreateLayer("places", geom_type=ogr.wkbPoint)
del source
dataset = gdal.OpenEx("/vsimem/places.gdb", gdal.OF_VECTOR)
layer = dataset.GetRootGroup().OpenVectorLayer("places")
print(layer.GetName(), layer.GetFeatureCount())
del layer
