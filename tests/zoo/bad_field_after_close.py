"""A field definition used after its dataset was deleted."""
import os
import sys

from osgeo import gdal

os.chdir(sys.argv[1])
dataset = gdal.OpenEx("places.shp")
field = dataset.GetLayer(0).GetLayerDefn().GetFieldDefn(0)  # obtained
del dataset  # freed
print(field.GetName())  # used
