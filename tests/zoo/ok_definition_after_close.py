"""The data source lives as long as the definition is used."""
import os
import sys

from osgeo import ogr

os.chdir(sys.argv[1])
source = ogr.Open("places.shp")
definition = source.GetLayer(0).GetLayerDefn()
print(definition.GetFieldCount(), definition.GetName())
del definition
del source
