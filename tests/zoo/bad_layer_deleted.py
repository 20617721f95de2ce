"""A layer used after it was deleted."""
import os
import sys

from osgeo import gdal

os.chdir(sys.argv[1])
dataset = gdal.OpenEx("places.gpkg", gdal.OF_UPDATE)
layer = dataset.GetLayer(0)  # obtained
dataset.DeleteLayer(0)  # freed
print(layer.GetFeatureCount())  # used
