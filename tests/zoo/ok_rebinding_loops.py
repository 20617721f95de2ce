"""Loops that bind the same names again: each dataset, feature and geometry goes while the old child is bound."""
import os
import sys

from osgeo import gdal, ogr

os.chdir(sys.argv[1])
for _ in range(5):
    dataset = gdal.Open("tiny.tif")
    band = dataset.GetRasterBand(1)
    print(band.Checksum())
source = ogr.Open("places.shp")
layer = source.GetLayer(0)
for feature in layer:
    geometry = feature.GetGeometryRef()
    print(geometry.ExportToWkt())
layer.ResetReading()
feature = layer.GetNextFeature()
while feature is not None:
    geometry = feature.geometry()
    ring = geometry.GetGeometryRef(0)
    print(feature.GetField("name"), ring.GetPointCount())
    feature = layer.GetNextFeature()
areas = [feature.GetGeometryRef().Area() for feature in layer]
print(areas)
