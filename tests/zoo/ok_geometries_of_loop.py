"""Clones of the geometries of all features kept in a list; or the features with them."""
import os
import sys

from osgeo import gdal

os.chdir(sys.argv[1])
dataset = gdal.OpenEx("places.shp")
outlines = [feature.GetGeometryRef().Clone() for feature in dataset.GetLayer(0)]
print([outline.GetArea() for outline in outlines])
features = [feature for feature in dataset.GetLayer(0)]
print([feature.GetGeometryRef().GetArea() for feature in features], [feature.geometry().GetArea() for feature in features])
for feature in dataset.GetLayer(0):
    geometry = feature.GetGeometryRef()
    print(geometry.GetArea())
    del feature
del geometry
