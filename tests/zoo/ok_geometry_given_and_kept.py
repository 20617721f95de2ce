"""A geometry given away is used while the feature that took it lives; SetGeometry() copies."""
import os
import sys

from osgeo import gdal, ogr

os.chdir(sys.argv[1])
dataset = gdal.OpenEx("places.shp")
point, other = ogr.CreateGeometryFromWkt("POINT (1 2)"), ogr.CreateGeometryFromWkt("POINT (3 4)")
feature = ogr.Feature(dataset.GetLayer(0).GetLayerDefn())
feature.SetGeometryDirectly(point)
print(point.ExportToWkt())
del point
feature.SetGeometry(other)
del feature
print(other.ExportToWkt())
