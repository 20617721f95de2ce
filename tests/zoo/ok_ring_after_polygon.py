"""The polygon lives as long as its ring is used."""
import os
import sys

from osgeo import ogr

os.chdir(sys.argv[1])
polygon = ogr.CreateGeometryFromWkt("POLYGON ((0 0,0 2,2 2,2 0,0 0))")
ring = polygon.GetGeometryRef(0)
print(ring.GetPointCount())
del ring
del polygon
