"""The layer of a data source that is kept."""
import os
import sys

from osgeo import ogr

os.chdir(sys.argv[1])
source = ogr.Open("places.shp")
layer = source.GetLayer(0)
print(layer.GetFeatureCount())
del layer
del source
