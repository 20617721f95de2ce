"""An object destroyed before its context, through ctypes on the library that pyproj brings."""
import ctypes
import glob
import os

import pyproj

proj = ctypes.CDLL((glob.glob(os.path.dirname(pyproj.__file__) + ".libs/libproj-*") or ["libproj.so.25"])[0])  # the copy that pyproj itself uses
proj.proj_context_create.restype = proj.proj_create.restype = ctypes.c_void_p
print(pyproj.CRS(4326).name)
context = ctypes.c_void_p(proj.proj_context_create())
crs = ctypes.c_void_p(proj.proj_create(context, b"+proj=longlat +type=crs"))
print(proj.proj_get_type(crs) > 0)
proj.proj_destroy(crs)
proj.proj_context_destroy(context)
