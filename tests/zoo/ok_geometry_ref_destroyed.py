"""Destroy() of a clone."""
import os
import sys

from osgeo import ogr

os.chdir(sys.argv[1])
source = ogr.Open("places.shp")
feature = source.GetLayer(0).GetNextFeature()
geometry = feature.GetGeometryRef().Clone()
print(geometry.Area())
geometry.Destroy()
del geometry, feature
print("end")
