"""A part used after RemoveGeometry destroyed it."""
import os
import sys

from osgeo import ogr

os.chdir(sys.argv[1])
multi = ogr.CreateGeometryFromWkt("MULTIPOINT ((1 2),(3 4))")
part = multi.GetGeometryRef(1)  # obtained
multi.RemoveGeometry(1)  # freed
print(part.GetY())  # used
print(multi.GetGeometryCount())
