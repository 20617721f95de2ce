"""A layer is used, then deleted; another takes its number."""
import os
import sys

from osgeo import gdal

os.chdir(sys.argv[1])
dataset = gdal.OpenEx("places.gpkg", gdal.OF_UPDATE)
layer = dataset.GetLayer(0)
print(layer.GetFeatureCount())
dataset.DeleteLayer(0)
layer = dataset.CreateLayer("others")
print(layer.GetFeatureCount(), dataset.GetLayer(0).GetName())
del layer
del dataset
