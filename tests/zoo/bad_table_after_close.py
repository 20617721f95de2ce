"""A raster attribute table used after its dataset was deleted."""
import os
import sys

from osgeo import gdal

os.chdir(sys.argv[1])
dataset = gdal.Open("attributes.tif")
table = dataset.GetRasterBand(1).GetDefaultRAT()  # obtained
del dataset  # freed
print(table.GetRowCount())  # used
