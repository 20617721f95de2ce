"""Another component destroys the drivers while rasterio has a dataset open."""
import ctypes
import glob
import os
import sys

import rasterio

os.chdir(sys.argv[1])
gdal = ctypes.CDLL((glob.glob(os.path.dirname(rasterio.__file__) + ".libs/libgdal-*") or ["libgdal.so.32"])[0])  # the copy that rasterio itself uses
source = rasterio.open("tiny.tif")  # obtained
print(source.shape)
gdal.GDALDestroyDriverManager()  # freed
try:
    print(source.read(1).sum())  # used
except IndexError as error:
    print(error)
source.close()  # used2
print("end")
