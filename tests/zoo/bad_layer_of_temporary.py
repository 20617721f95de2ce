"""The layer of a data source that nobody keeps."""
import os
import sys

from osgeo import ogr

os.chdir(sys.argv[1])
layer = ogr.Open("places.shp").GetLayer(0)  # obtained freed
print(layer.GetFeatureCount())  # used
