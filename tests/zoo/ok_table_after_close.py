"""A raster attribute table is used while its dataset lives; a clone outlives it."""
import os
import sys

from osgeo import gdal

os.chdir(sys.argv[1])
dataset = gdal.Open("attributes.tif")
table = dataset.GetRasterBand(1).GetDefaultRAT()
print(table.GetRowCount())
own = table.Clone()
del table, dataset
print(own.GetRowCount(), own.GetValueAsString(1, 0))
