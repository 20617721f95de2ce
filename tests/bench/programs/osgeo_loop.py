"""All features of a layer, with the area of each geometry.  osgeo_loop.py FILE"""
import sys

from osgeo import gdal, ogr

gdal.UseExceptions()
source = ogr.Open(sys.argv[1])
layer = source.GetLayer(0)
count, area = 0, 0.0
for feature in layer:
    geometry = feature.GetGeometryRef()
    area += geometry.Area()
    count += 1
print(count, round(area, 3))
