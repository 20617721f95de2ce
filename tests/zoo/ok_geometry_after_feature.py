"""The feature lives as long as its geometry is used; a clone lives on its own."""
import os
import sys

from osgeo import ogr

os.chdir(sys.argv[1])
source = ogr.Open("places.shp")
layer = source.GetLayer(0)
feat = layer.GetNextFeature()
geom = feat.GetGeometryRef()
print(geom.ExportToWkt())
copy = geom.Clone()
del geom, feat
print(copy.ExportToWkt())
