"""A dataset closed twice, through ctypes on the library that rasterio brings."""
import ctypes
import glob
import os
import sys

import rasterio

os.chdir(sys.argv[1])
gdal = ctypes.CDLL((glob.glob(os.path.dirname(rasterio.__file__) + ".libs/libgdal-*") or ["libgdal.so.32"])[0])  # the copy that rasterio itself uses
gdal.GDALOpen.restype = gdal.GDALGetRasterBand.restype = ctypes.c_void_p
with rasterio.open("tiny.tif") as source:  # registers the drivers
    print(source.shape)
dataset = ctypes.c_void_p(gdal.GDALOpen(b"tiny.tif", 0))  # obtained
print(gdal.GDALGetRasterXSize(dataset))
gdal.GDALClose(dataset)  # freed
gdal.GDALClose(dataset)  # used
print("end")
