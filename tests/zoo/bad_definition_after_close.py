"""Python's definition (of GDAL 3.6) is borrowed as well."""
import os
import sys

from osgeo import ogr

os.chdir(sys.argv[1])
source = ogr.Open("places.shp")
definition = source.GetLayer(0).GetLayerDefn()  # obtained
del source  # freed
print(definition.GetFieldCount())  # used
