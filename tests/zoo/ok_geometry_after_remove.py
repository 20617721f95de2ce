"""A clone of the part outlives RemoveGeometry; the parts that stay stay valid."""
import os
import sys

from osgeo import ogr

os.chdir(sys.argv[1])
multi = ogr.CreateGeometryFromWkt("MULTIPOINT ((1 2),(3 4))")
first, part = multi.GetGeometryRef(0), multi.GetGeometryRef(1).Clone()
multi.RemoveGeometry(1)
print(first.GetY(), part.GetY(), multi.GetGeometryCount())
