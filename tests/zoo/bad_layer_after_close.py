"""A layer used after its data source was deleted."""
import os
import sys

from osgeo import ogr

os.chdir(sys.argv[1])
source = ogr.Open("places.shp")
layer = source.GetLayer(0)  # obtained
del source  # freed
print(layer.GetFeatureCount())  # used
