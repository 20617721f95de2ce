"""An object made by the copy of PROJ that pyproj brings, given to the system's."""
# needs wheels together
import ctypes
import glob
import os

import pyproj

proj = ctypes.CDLL((glob.glob(os.path.dirname(pyproj.__file__) + ".libs/libproj-*") or ["libproj.so.25"])[0])  # the copy that pyproj itself uses
proj.proj_context_create.restype = proj.proj_create.restype = ctypes.c_void_p
print(pyproj.CRS(4326).name)
context = ctypes.c_void_p(proj.proj_context_create())
system = ctypes.CDLL("libproj.so.25")
crs = ctypes.c_void_p(proj.proj_create(context, b"+proj=longlat +type=crs"))  # obtained
print(proj.proj_get_type(crs) > 0)
system.proj_get_type(crs)  # used
system.proj_destroy(crs)  # used2
print("end")
