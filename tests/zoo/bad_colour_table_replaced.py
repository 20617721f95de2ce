"""The colour table of a band kept over SetRasterColorTable."""
import os
import sys

from osgeo import gdal

os.chdir(sys.argv[1])
dataset = gdal.GetDriverByName("MEM").Create("m", 8, 4)
band = dataset.GetRasterBand(1)
table = gdal.ColorTable()
table.SetColorEntry(1, (10, 20, 30, 255))
band.SetRasterColorTable(table)
old = band.GetRasterColorTable()  # obtained
band.SetRasterColorTable(table)  # freed
print(old.GetCount())  # used
