"""Band.GetDataset() does not own the dataset: it is gone with the variable that does."""
import os
import sys

from osgeo import gdal

os.chdir(sys.argv[1])
dataset = gdal.Open("tiny.tif")  # obtained
same = dataset.GetRasterBand(1).GetDataset()
del dataset  # freed
print(same.RasterXSize)  # used
