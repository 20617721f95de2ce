"""A geometry reference kept over SetGeometry, which destroys it."""
import os
import sys

from osgeo import ogr

os.chdir(sys.argv[1])
source = ogr.Open("places.shp")
feature = source.GetLayer(0).GetNextFeature()
old = feature.GetGeometryRef()  # obtained
feature.SetGeometry(ogr.CreateGeometryFromWkt("POINT (1 2)"))  # freed
print(old.Area())  # used
del old
print(feature.GetGeometryRef().ExportToWkt())
