"""A refused call with gdal.UseExceptions(): RuntimeError, and its text tells the story."""
import os
import sys

from osgeo import gdal

os.chdir(sys.argv[1])
gdal.UseExceptions()
dataset = gdal.Open("tiny.tif", gdal.GA_Update)
band = dataset.GetRasterBand(1)  # obtained
del dataset  # freed
try:
    print(band.Checksum())  # used
except RuntimeError as error:
    print("rule:", "HF101 stale-use" in str(error))
    print("handle:", "band 1 of dataset 'tiny.tif'" in str(error))
    print("line that freed it:", "bad_exceptions.py:11" in str(error))
print("goes on")
