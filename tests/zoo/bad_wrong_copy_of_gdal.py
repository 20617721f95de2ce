"""A dataset that rasterio's copy of GDAL opened, given to that of pyogrio."""
# needs wheels together
import ctypes
import glob
import os
import sys

import fiona
import pyogrio
import rasterio

os.chdir(sys.argv[1])
copies = [ctypes.CDLL(glob.glob(os.path.dirname(package.__file__) + ".libs/libgdal-*")[0]) for package in (rasterio, fiona, pyogrio)]
for copy in copies:
    copy.GDALOpenEx.restype = ctypes.c_void_p
    copy.GDALAllRegister()
first, second, third = copies
dataset = ctypes.c_void_p(first.GDALOpenEx(b"places.gpkg", 4, None, None, None))  # obtained
print(first.GDALDatasetGetLayerCount(dataset))
third.GDALDatasetGetLayerCount(dataset)  # used
