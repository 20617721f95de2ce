"""A file is read after it was closed: osgeo hands VSILFILE out as it is."""
import os
import sys

from osgeo import gdal

os.chdir(sys.argv[1])
file = gdal.VSIFOpenL("tiny.tif", "rb")  # obtained
gdal.VSIFReadL(1, 2, file)
gdal.VSIFCloseL(file)  # freed
print(gdal.VSIFTellL(file))  # used
