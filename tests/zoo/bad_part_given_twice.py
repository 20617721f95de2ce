"""One point given to two collections with AddGeometryDirectly()."""
import os
import sys

from osgeo import ogr

os.chdir(sys.argv[1])
one, other = ogr.Geometry(ogr.wkbMultiPoint), ogr.Geometry(ogr.wkbMultiPoint)
point = ogr.CreateGeometryFromWkt("POINT (1 2)")  # obtained
one.AddGeometryDirectly(point)  # freed
other.AddGeometryDirectly(point)  # used
print(one.ExportToWkt(), other.ExportToWkt())
