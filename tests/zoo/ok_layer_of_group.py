"""A layer opened by way of a group lives in the dataset: the group may go."""
import os
import sys

from osgeo import gdal

os.chdir(sys.argv[1])
source = gdal.GetDriverByName("OpenFileGDB").Create("places.gdb", 0, 0, 0, gdal.GDT_Unknown)
source.CreateLayer("places")
del source
dataset = gdal.OpenEx("places.gdb", gdal.OF_VECTOR)
layer = dataset.GetRootGroup().OpenVectorLayer("places")
print(layer.GetName(), layer.GetFeatureCount())
del layer
