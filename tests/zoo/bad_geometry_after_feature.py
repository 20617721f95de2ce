"""A geometry reference used after its feature was deleted: the third crash of the gotchas."""
import os
import sys

from osgeo import ogr

os.chdir(sys.argv[1])
source = ogr.Open("places.shp")
layer = source.GetLayer(0)
feat = layer.GetNextFeature()
geom = feat.GetGeometryRef()  # obtained
del feat  # freed
print(geom.ExportToWkt())  # used
