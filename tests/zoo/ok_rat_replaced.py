"""The table that is set is copied; the band lends its own."""
import os
import sys

from osgeo import gdal

os.chdir(sys.argv[1])
dataset = gdal.GetDriverByName("MEM").Create("m", 8, 4)
band = dataset.GetRasterBand(1)
table = gdal.RasterAttributeTable()
table.CreateColumn("value", gdal.GFT_Integer, gdal.GFU_Generic)
table.SetValueAsInt(0, 0, 11)
band.SetDefaultRAT(table)
table.SetValueAsInt(0, 0, 22)
print(band.GetDefaultRAT().GetValueAsString(0, 0))
band.SetDefaultRAT(table)
del table
print(band.GetDefaultRAT().GetValueAsString(0, 0))
