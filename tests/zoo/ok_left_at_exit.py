"""Everything is still alive when the interpreter ends: children, parents, a cycle, and a parent deleted before its child."""
import os
import sys

from osgeo import gdal, ogr

os.chdir(sys.argv[1])
dataset = gdal.Open("tiny.tif")
band = dataset.GetRasterBand(1)
other = gdal.Open("palette.tif")
child = other.GetRasterBand(1)
del other
source = ogr.Open("places.gpkg")
layer = source.GetLayer(0)
feature = layer.GetNextFeature()
geometry = feature.GetGeometryRef()
del feature
cycle = [dataset, band]
cycle.append(cycle)
print(band.Checksum(), layer.GetFeatureCount())
