"""The proxies free what they hold."""
import os
import sys

from osgeo import ogr, osr

os.chdir(sys.argv[1])
source = ogr.Open("places.shp")
layer = source.GetLayer(0)


def work():
    point, reference = ogr.Geometry(ogr.wkbPoint), osr.SpatialReference()
    feature = ogr.Feature(layer.GetLayerDefn())
    print(point.GetX(), feature.GetFID())


work()
