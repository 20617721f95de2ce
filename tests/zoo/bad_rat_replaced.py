"""The attribute table of a band kept over SetDefaultRAT."""
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
old = band.GetDefaultRAT()  # obtained
band.SetDefaultRAT(table)  # freed
print(old.GetRowCount())  # used
