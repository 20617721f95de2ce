"""The proxies are told not to free what they hold, and nobody else does. Of a feature `feature.thisown = False` would only set an attribute."""
import os
import sys

from osgeo import ogr, osr

os.chdir(sys.argv[1])
source = ogr.Open("places.shp")
layer = source.GetLayer(0)


def work():
    point, reference = ogr.Geometry(ogr.wkbPoint), osr.SpatialReference()  # obtained
    point.this.disown()
    reference.this.disown()
    feature = ogr.Feature(layer.GetLayerDefn())  # obtained2
    feature.this.disown()
    print(point.GetX(), feature.GetFID())


work()
