"""A dataset of osgeo closed through ctypes: its Python object closes it again."""
import ctypes
import os
import sys

from osgeo import gdal

os.chdir(sys.argv[1])
library = ctypes.CDLL("libgdal.so.32")
dataset = gdal.Open("tiny.tif")  # obtained
library.GDALClose(ctypes.c_void_p(int(dataset.this)))  # freed
del dataset  # used
print("end")
