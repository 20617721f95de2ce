"""The ring of a polygon of shapely, kept as a pointer longer than the polygon."""
import ctypes
import glob
import os

import shapely
from shapely.geometry import Point, Polygon

geos = ctypes.CDLL((glob.glob(os.path.dirname(shapely.__file__) + ".libs/libgeos_c-*") or ["libgeos_c.so.1"])[0])  # the copy that shapely itself uses
geos.GEOS_init_r.restype = geos.GEOSGetExteriorRing_r.restype = geos.GEOSPrepare_r.restype = ctypes.c_void_p
context = ctypes.c_void_p(geos.GEOS_init_r())
length = ctypes.c_double()
polygon = Polygon([(0, 0), (4, 0), (4, 4)])  # obtained
ring = ctypes.c_void_p(geos.GEOSGetExteriorRing_r(context, ctypes.c_void_p(polygon._geom)))
del polygon  # freed
geos.GEOSLength_r(context, ring, ctypes.byref(length))  # used
print(round(length.value, 3))
