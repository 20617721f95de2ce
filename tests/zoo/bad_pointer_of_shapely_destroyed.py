"""A geometry of shapely destroyed by hand: shapely destroys it again."""
import ctypes
import glob
import os

import shapely
from shapely.geometry import Point, Polygon

geos = ctypes.CDLL((glob.glob(os.path.dirname(shapely.__file__) + ".libs/libgeos_c-*") or ["libgeos_c.so.1"])[0])  # the copy that shapely itself uses
geos.GEOS_init_r.restype = geos.GEOSGetExteriorRing_r.restype = geos.GEOSPrepare_r.restype = ctypes.c_void_p
context = ctypes.c_void_p(geos.GEOS_init_r())
point = Point(1, 2).buffer(1)  # obtained
geos.GEOSGeom_destroy_r(context, ctypes.c_void_p(point._geom))  # freed
del point  # used
print("end")
