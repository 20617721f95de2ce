"""A feature used after Destroy(), and destroyed again."""
import os
import sys

from osgeo import ogr

os.chdir(sys.argv[1])
source = ogr.Open("places.shp")
feature = source.GetLayer(0).GetNextFeature()  # obtained
feature.Destroy()  # freed
print(feature.GetFID())  # used
feature.Destroy()  # used2
print("end")
