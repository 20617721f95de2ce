"""The mask band is let go before the dataset."""
import os
import sys

from osgeo import gdal

os.chdir(sys.argv[1])
dataset = gdal.Open("tiny.tif")
child = dataset.GetRasterBand(1).GetMaskBand()
print(child.Checksum())
child = None
dataset = None
