"""A result set, and its definition, used after it was released."""
import os
import sys

from osgeo import gdal

os.chdir(sys.argv[1])
dataset = gdal.OpenEx("places.shp")
result = dataset.ExecuteSQL("SELECT name FROM places WHERE name > 'a'")  # obtained
definition = result.GetLayerDefn()  # obtained2
dataset.ReleaseResultSet(result)  # freed
print(definition.GetFieldCount())  # used2
result = None
