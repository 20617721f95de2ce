"""A field definition is used while its dataset lives."""
import os
import sys

from osgeo import gdal

os.chdir(sys.argv[1])
dataset = gdal.OpenEx("places.shp")
field = dataset.GetLayer(0).GetLayerDefn().GetFieldDefn(0)
print(field.GetName(), field.GetWidth())
del field
del dataset
