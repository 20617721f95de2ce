"""A file is written, deleted and renamed while a band of a deleted dataset is alive, unused."""
import os
import sys

from osgeo import gdal

os.chdir(sys.argv[1])
dataset = gdal.Open("tiny.tif")
band = dataset.GetRasterBand(1)
del dataset
again = gdal.Open("tiny.tif", gdal.GA_Update)
again.GetRasterBand(1).Fill(7)
del again
print(gdal.Open("tiny.tif").ReadAsArray().sum())
gdal.GetDriverByName("GTiff").Rename("moved.tif", "tiny.tif")
print(gdal.Open("moved.tif").ReadAsArray().sum())
gdal.GetDriverByName("GTiff").Delete("moved.tif")
print(sorted(os.listdir(".")))
del band
