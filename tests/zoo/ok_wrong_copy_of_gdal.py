"""Three copies of GDAL, each with its own dataset of the same file."""
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
datasets = [ctypes.c_void_p(copy.GDALOpenEx(b"places.gpkg", 4, None, None, None)) for copy in copies]
print([copy.GDALDatasetGetLayerCount(dataset) for copy, dataset in zip(copies, datasets)])
for copy, dataset in zip(copies, datasets):
    copy.GDALClose(dataset)
print("end")
