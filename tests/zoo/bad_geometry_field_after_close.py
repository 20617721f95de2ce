"""The definition of a geometry field used after its dataset was deleted."""
import os
import sys

from osgeo import gdal

os.chdir(sys.argv[1])
dataset = gdal.OpenEx("places.gpkg")
field = dataset.GetLayer(0).GetLayerDefn().GetGeomFieldDefn(0)  # obtained
del dataset  # freed
print(field.GetName())  # used
