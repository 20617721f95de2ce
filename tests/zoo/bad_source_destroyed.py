"""A data source and its layer used after Destroy(), which leaves the Python objects as they were."""
import os
import sys

from osgeo import ogr

os.chdir(sys.argv[1])
source = ogr.Open("places.shp")  # obtained2
layer = source.GetLayer(0)  # obtained
source.Destroy()  # freed
print(layer.GetFeatureCount())  # used
print(source.GetLayerCount())  # used2
