"""The reference is fetched again after SetGeometry."""
import os
import sys

from osgeo import ogr

os.chdir(sys.argv[1])
source = ogr.Open("places.shp")
feature = source.GetLayer(0).GetNextFeature()
geometry = feature.GetGeometryRef()
print(geometry.Area())
feature.SetGeometry(ogr.CreateGeometryFromWkt("POINT (1 2)"))
geometry = feature.GetGeometryRef()
print(geometry.ExportToWkt())
feature.SetGeometryDirectly(ogr.CreateGeometryFromWkt("POINT (3 4)"))
geometry = feature.GetGeometryRef()
print(geometry.ExportToWkt())
