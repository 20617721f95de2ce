"""The geometry of a feature that nobody keeps."""
import os
import sys

from osgeo import gdal

os.chdir(sys.argv[1])
dataset = gdal.OpenEx("places.shp")
geometry = dataset.GetLayer(0).GetFeature(1).GetGeometryRef()  # obtained freed
print(geometry.GetArea())  # used
