"""A clone of the colour table outlives the dataset."""
import os
import sys

from osgeo import gdal

os.chdir(sys.argv[1])
dataset = gdal.Open("palette.tif")
table = dataset.GetRasterBand(1).GetColorTable().Clone()
del dataset
print(table.GetColorEntry(3))
