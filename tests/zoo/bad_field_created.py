"""The last feature of the loop is still bound when a field is created (the documented gotcha of the bindings)."""
import os
import sys

from osgeo import ogr

os.chdir(sys.argv[1])
source = ogr.GetDriverByName("Memory").CreateDataSource("")
layer = source.CreateLayer("towns", None, ogr.wkbPoint)
layer.CreateField(ogr.FieldDefn("people", ogr.OFTInteger))
layer.CreateField(ogr.FieldDefn("height", ogr.OFTInteger))
town = ogr.Feature(layer.GetLayerDefn())
layer.CreateFeature(town)
del town
for feature in layer:  # obtained
    pass
layer.CreateField(ogr.FieldDefn("mayor", ogr.OFTString))  # used
del feature  # used2
print("end")
