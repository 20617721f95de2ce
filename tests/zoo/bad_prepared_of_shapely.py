"""A geometry prepared by hand from a pointer of shapely's, used when shapely's object is gone."""
import ctypes
import glob
import os

import shapely
from shapely.geometry import Point, Polygon

geos = ctypes.CDLL((glob.glob(os.path.dirname(shapely.__file__) + ".libs/libgeos_c-*") or ["libgeos_c.so.1"])[0])  # the copy that shapely itself uses
geos.GEOS_init_r.restype = geos.GEOSGetExteriorRing_r.restype = geos.GEOSPrepare_r.restype = ctypes.c_void_p
context = ctypes.c_void_p(geos.GEOS_init_r())
inner = Point(1, 1)
polygon = Polygon([(0, 0), (4, 0), (4, 4), (0, 4)])
prepared = ctypes.c_void_p(geos.GEOSPrepare_r(context, ctypes.c_void_p(polygon._geom)))  # obtained
del polygon  # freed
print(geos.GEOSPreparedContains_r(context, prepared, ctypes.c_void_p(inner._geom)))  # used
geos.GEOSPreparedGeom_destroy_r(context, prepared)
