"""Destroy() is the last that is done with a feature or a geometry."""
import os
import sys

from osgeo import ogr

os.chdir(sys.argv[1])
source = ogr.Open("places.shp")
feature = source.GetLayer(0).GetNextFeature()
print(feature.GetFID())
feature.Destroy()
geometry = ogr.CreateGeometryFromWkt("POINT (1 2)")
geometry.Destroy()
