"""A feature outlives its dataset: the documentation advises against it, it works, and it is no report."""
import os
import sys

from osgeo import ogr

os.chdir(sys.argv[1])
source = ogr.Open("places.shp")
feature = source.GetLayer(0).GetNextFeature()
definition = feature.GetDefnRef()
del source
print(feature.GetField("name"), feature.GetGeometryRef().Area(), definition.GetFieldCount())
