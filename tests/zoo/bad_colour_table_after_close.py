"""Python's colour table (of GDAL 3.6) is borrowed as well."""
import os
import sys

from osgeo import gdal

os.chdir(sys.argv[1])
dataset = gdal.Open("palette.tif")
table = dataset.GetRasterBand(1).GetColorTable()  # obtained
del dataset  # freed
print(table.GetColorEntry(3)[2])  # used
