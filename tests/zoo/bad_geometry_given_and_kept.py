"""A geometry given away with SetGeometryDirectly() and used after the feature that took it is gone."""
import os
import sys

from osgeo import gdal, ogr

os.chdir(sys.argv[1])
dataset = gdal.OpenEx("places.shp")
point = ogr.CreateGeometryFromWkt("POINT (1 2)")  # obtained
feature = ogr.Feature(dataset.GetLayer(0).GetLayerDefn())
feature.SetGeometryDirectly(point)
del feature  # freed
print(point.ExportToWkt())  # used
