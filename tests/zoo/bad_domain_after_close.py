"""A field domain used after its dataset was deleted."""
import os
import sys

from osgeo import gdal, ogr

os.chdir(sys.argv[1])
dataset = gdal.OpenEx("places.gpkg", gdal.OF_UPDATE)
dataset.AddFieldDomain(ogr.CreateCodedFieldDomain("kinds", "", ogr.OFTInteger, ogr.OFSTNone, {"1": "one"}))
dataset = None
dataset = gdal.OpenEx("places.gpkg")
domain = dataset.GetFieldDomain("kinds")  # obtained
del dataset  # freed
print(domain.GetName())  # used
