"""Destroy() of a geometry that belongs to its feature."""
import os
import sys

from osgeo import ogr

os.chdir(sys.argv[1])
source = ogr.Open("places.shp")
feature = source.GetLayer(0).GetNextFeature()
geometry = feature.GetGeometryRef()  # obtained
print(geometry.Area())
try:
    geometry.Destroy()  # used
except RuntimeError as error:
    print(error)
del geometry, feature
print("end")
