"""A ring used after its polygon was deleted."""
import os
import sys

from osgeo import ogr

os.chdir(sys.argv[1])
polygon = ogr.CreateGeometryFromWkt("POLYGON ((0 0,0 2,2 2,2 0,0 0))")
ring = polygon.GetGeometryRef(0)  # obtained
del polygon  # freed
print(ring.GetPointCount())  # used
