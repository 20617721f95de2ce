"""Two copies of PROJ, each with objects of its own."""
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
system.proj_create.restype = ctypes.c_void_p
crs = ctypes.c_void_p(proj.proj_create(context, b"+proj=longlat +type=crs"))
own = ctypes.c_void_p(system.proj_create(None, b"+proj=merc"))
print(proj.proj_get_type(crs) > 0, system.proj_get_type(own) > 0)
system.proj_destroy(own)
proj.proj_destroy(crs)
proj.proj_context_destroy(context)
print("end")
