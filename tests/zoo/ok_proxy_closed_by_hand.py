"""A dataset of osgeo read through ctypes and closed by its Python object."""
import ctypes
import os
import sys

from osgeo import gdal

os.chdir(sys.argv[1])
library = ctypes.CDLL("libgdal.so.32")
dataset = gdal.Open("tiny.tif")
print(library.GDALGetRasterXSize(ctypes.c_void_p(int(dataset.this))))
del dataset
print("end")
