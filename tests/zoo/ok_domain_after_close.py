"""A field domain is used while its dataset lives; one that was made by hand is one's own."""
import os
import sys

from osgeo import gdal, ogr

os.chdir(sys.argv[1])
dataset = gdal.OpenEx("places.gpkg", gdal.OF_UPDATE)
dataset.AddFieldDomain(ogr.CreateCodedFieldDomain("kinds", "", ogr.OFTInteger, ogr.OFSTNone, {"1": "one"}))
dataset = None
dataset = gdal.OpenEx("places.gpkg")
domain = dataset.GetFieldDomain("kinds")
print(domain.GetName(), domain.GetEnumeration())
del domain
del dataset
own = ogr.CreateGlobFieldDomain("words", "", ogr.OFTString, ogr.OFSTNone, "*")
print(own.GetGlob())
