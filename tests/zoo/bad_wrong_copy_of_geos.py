"""A geometry of shapely given to the copy of GEOS that rasterio brings."""
# needs wheels together
import ctypes
import glob
import os

import rasterio
import shapely

other = ctypes.CDLL(glob.glob(os.path.dirname(rasterio.__file__) + ".libs/libgeos_c-*")[0])
other.GEOS_init_r.restype = other.GEOSGeomFromWKB_buf_r.restype = ctypes.c_void_p
context = ctypes.c_void_p(other.GEOS_init_r())
point = shapely.Point(1, 2).buffer(1)  # obtained
print(other.GEOSisValid_r(context, ctypes.c_void_p(point._geom)))  # used
