"""The geometry of a feature that is kept."""
import os
import sys

from osgeo import gdal

os.chdir(sys.argv[1])
dataset = gdal.OpenEx("places.shp")
feature = dataset.GetLayer(0).GetFeature(1)
geometry = feature.GetGeometryRef()
print(geometry.GetArea())
del geometry, feature
