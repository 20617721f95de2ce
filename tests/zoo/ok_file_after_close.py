"""Files are closed once, last; files in memory are copies of the bytes that made them."""
import os
import sys

from osgeo import gdal

os.chdir(sys.argv[1])
file = gdal.VSIFOpenL("tiny.tif", "rb")
print(len(gdal.VSIFReadL(1, 2, file)), gdal.VSIFTellL(file))
gdal.VSIFCloseL(file)
gdal.FileFromMemBuffer("/vsimem/copy.tif", open("tiny.tif", "rb").read())
dataset = gdal.Open("/vsimem/copy.tif")
print(dataset.RasterXSize)
dataset = None
gdal.Unlink("/vsimem/copy.tif")
