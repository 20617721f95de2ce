"""A shared dataset opened twice: each variable is let go on its own."""
import os
import sys

from osgeo import gdal

os.chdir(sys.argv[1])
one = gdal.OpenShared("tiny.tif")
two = gdal.OpenShared("tiny.tif")
band = two.GetRasterBand(1)
del one
print(band.Checksum())
del band, two
three = gdal.OpenShared("tiny.tif")
print(three.GetRasterBand(1).Checksum())
