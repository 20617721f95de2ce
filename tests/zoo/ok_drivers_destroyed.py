"""Another component destroys the drivers when nothing is open."""
import ctypes
import glob
import os
import sys

import rasterio

os.chdir(sys.argv[1])
gdal = ctypes.CDLL((glob.glob(os.path.dirname(rasterio.__file__) + ".libs/libgdal-*") or ["libgdal.so.32"])[0])  # the copy that rasterio itself uses
source = rasterio.open("tiny.tif")
print(source.shape)
print(source.read(1).sum())
source.close()
gdal.GDALDestroyDriverManager()
