"""One point given to a collection, copies of it to others."""
import os
import sys

from osgeo import ogr

os.chdir(sys.argv[1])
one, other = ogr.Geometry(ogr.wkbMultiPoint), ogr.Geometry(ogr.wkbMultiPoint)
point = ogr.CreateGeometryFromWkt("POINT (1 2)")
other.AddGeometryDirectly(point.Clone())
other.AddGeometry(point)
one.AddGeometryDirectly(point)
print(one.ExportToWkt(), other.ExportToWkt())
