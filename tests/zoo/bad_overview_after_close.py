"""An overview band used after its dataset was deleted."""
import os
import sys

from osgeo import gdal

os.chdir(sys.argv[1])
dataset = gdal.Open("tiny.tif")
child = dataset.GetRasterBand(1).GetOverview(0)  # obtained
del dataset  # freed
print(child.Checksum())  # used
