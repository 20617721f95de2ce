"""Each copy of GEOS with geometries of its own; WKB goes from one to the other."""
# needs wheels together
import ctypes
import glob
import os

import rasterio
import shapely

other = ctypes.CDLL(glob.glob(os.path.dirname(rasterio.__file__) + ".libs/libgeos_c-*")[0])
other.GEOS_init_r.restype = other.GEOSGeomFromWKB_buf_r.restype = ctypes.c_void_p
context = ctypes.c_void_p(other.GEOS_init_r())
point = shapely.Point(1, 2).buffer(1)
content = point.wkb
copy = ctypes.c_void_p(other.GEOSGeomFromWKB_buf_r(context, content, ctypes.c_size_t(len(content))))
print(other.GEOSisValid_r(context, copy))
other.GEOSGeom_destroy_r(context, copy)
other.GEOS_finish_r(context)
