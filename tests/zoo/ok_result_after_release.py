"""A result set is released when nothing of it is used any more; its features may outlive it."""
import os
import sys

from osgeo import gdal

os.chdir(sys.argv[1])
dataset = gdal.OpenEx("places.shp")
result = dataset.ExecuteSQL("SELECT name FROM places WHERE name > 'a'")
definition = result.GetLayerDefn()
print(definition.GetFieldCount())
feature = result.GetNextFeature()
del definition
dataset.ReleaseResultSet(result)
del result
print(feature.GetFieldCount())
