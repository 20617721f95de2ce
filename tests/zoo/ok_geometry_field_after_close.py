"""The definition of a geometry field is used while its dataset lives; its spatial reference outlives both."""
import os
import sys

from osgeo import gdal

os.chdir(sys.argv[1])
dataset = gdal.OpenEx("places.gpkg")
field = dataset.GetLayer(0).GetLayerDefn().GetGeomFieldDefn(0)
print(field.GetName())
srs = field.GetSpatialRef()
del field
del dataset
print(srs.GetName())
