"""A table that a band gave is cloned before it is replaced."""
import os
import sys

from osgeo import gdal

os.chdir(sys.argv[1])
dataset = gdal.GetDriverByName("MEM").Create("m", 8, 4)
band = dataset.GetRasterBand(1)
table = gdal.ColorTable()
table.SetColorEntry(1, (10, 20, 30, 255))
band.SetRasterColorTable(table)
old = band.GetRasterColorTable().Clone()
table.SetColorEntry(1, (99, 20, 30, 255))
band.SetRasterColorTable(table)
print(old.GetColorEntry(1)[0], band.GetRasterColorTable().GetColorEntry(1)[0])
