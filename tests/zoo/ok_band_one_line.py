"""In one line, and right: the dataset is alive while its method runs."""
import os
import sys

from osgeo import gdal

os.chdir(sys.argv[1])
print(gdal.Open("tiny.tif").RasterXSize, gdal.Open("tiny.tif").ReadAsArray().sum())
