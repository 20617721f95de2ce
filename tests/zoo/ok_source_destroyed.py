"""Destroy() is the last that is done with a data source."""
import os
import sys

from osgeo import ogr

os.chdir(sys.argv[1])
source = ogr.Open("places.shp")
layer = source.GetLayer(0)
print(layer.GetFeatureCount())
del layer
source.Destroy()
source = ogr.Open("places.gpkg")
print(source.GetLayerCount())
source.Release()
