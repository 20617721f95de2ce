"""At the end of a function its variables go in any order: the dataset before its band and layer, unused."""
import gc
import os
import sys

from osgeo import gdal, ogr

os.chdir(sys.argv[1])


def checksum():
    dataset = gdal.Open("tiny.tif")
    band = dataset.GetRasterBand(1)
    mask = band.GetMaskBand()
    return band.Checksum() + mask.Checksum()


def area():
    source = ogr.Open("places.shp")
    layer = source.GetLayer(0)
    feature = layer.GetNextFeature()
    geometry = feature.GetGeometryRef()
    ring = geometry.GetGeometryRef(0)
    return geometry.Area() + ring.GetPointCount()


class Reader:
    def __init__(self):
        self.dataset = gdal.Open("tiny.tif")
        self.band = self.dataset.GetRasterBand(1)


print([checksum() for _ in range(3)], [area() for _ in range(3)])
reader = Reader()
reader.itself = reader
print(reader.band.Checksum())
del reader
print(gc.collect() > 0)
left_to_the_end = Reader()
