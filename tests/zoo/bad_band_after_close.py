"""A band used after its dataset was deleted: the first crash of GDAL's Python gotchas."""
import os
import sys

from osgeo import gdal

os.chdir(sys.argv[1])
dataset = gdal.Open("tiny.tif")
band = dataset.GetRasterBand(1)  # obtained
del dataset  # freed
print(band.Checksum())  # used
