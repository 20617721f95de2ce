"""Python's definition holds a reference: it outlives its layer."""
import os
import sys

from osgeo import ogr

os.chdir(sys.argv[1])
source = ogr.Open("places.shp")
definition = source.GetLayer(0).GetLayerDefn()
del source
print(definition.GetFieldCount(), definition.GetName())
