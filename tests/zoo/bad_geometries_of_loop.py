"""The geometries of all features kept in a list, the features not."""
import os
import sys

from osgeo import gdal

os.chdir(sys.argv[1])
dataset = gdal.OpenEx("places.shp")
outlines = []
for feature in dataset.GetLayer(0):  # freed
    outlines.append(feature.GetGeometryRef())  # obtained
print(outlines[0].GetArea())  # used
