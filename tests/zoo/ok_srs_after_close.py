"""Python's spatial reference is a clone, or holds a reference: it outlives what it came from."""
import os
import sys

from osgeo import gdal, ogr

os.chdir(sys.argv[1])
dataset = gdal.Open("tiny.tif")
srs = dataset.GetSpatialRef()
del dataset
source = ogr.Open("places.shp")
other = source.GetLayer(0).GetSpatialRef()
del source
print(srs.IsProjected(), other.IsProjected(), other.GetName())
