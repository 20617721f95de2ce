"""Band.GetDataset() while the owner lives."""
import os
import sys

from osgeo import gdal

os.chdir(sys.argv[1])
dataset = gdal.Open("tiny.tif")
same = dataset.GetRasterBand(1).GetDataset()
print(same.RasterXSize)
del same
del dataset
