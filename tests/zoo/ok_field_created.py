"""The last feature of the loop is dropped before a field is created."""
import os
import sys

from osgeo import ogr

os.chdir(sys.argv[1])
source = ogr.GetDriverByName("Memory").CreateDataSource("")
layer = source.CreateLayer("towns", None, ogr.wkbPoint)
layer.CreateField(ogr.FieldDefn("people", ogr.OFTInteger))
layer.CreateField(ogr.FieldDefn("height", ogr.OFTInteger))
town = ogr.Feature(layer.GetLayerDefn())
town["people"] = 1200
layer.CreateFeature(town)
del town
for feature in layer:
    print(feature["people"])
del feature
layer.CreateField(ogr.FieldDefn("mayor", ogr.OFTString))
layer.ResetReading()
for feature in layer:
    print(feature.ExportToJson())
