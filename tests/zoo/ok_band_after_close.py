"""The dataset lives as long as its band is used."""
import os
import sys

from osgeo import gdal

os.chdir(sys.argv[1])
dataset = gdal.Open("tiny.tif")
band = dataset.GetRasterBand(1)
print(band.Checksum())
del band
del dataset
