"""gdal.UseExceptions() and right use: exceptions come only from GDAL itself."""
import os
import sys

from osgeo import gdal

os.chdir(sys.argv[1])
gdal.UseExceptions()
dataset = gdal.Open("tiny.tif", gdal.GA_Update)
band = dataset.GetRasterBand(1)
print(band.Checksum())
del band, dataset
try:
    gdal.Open("missing.tif")
except RuntimeError as error:
    print(error)
