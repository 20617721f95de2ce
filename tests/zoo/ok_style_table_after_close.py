"""A style table is used while the dataset of its layer lives, one's own as long as one likes."""
import os
import sys

from osgeo import gdal, ogr

os.chdir(sys.argv[1])
dataset = gdal.GetDriverByName("Memory").Create("", 0, 0, 0, gdal.GDT_Unknown)
layer = dataset.CreateLayer("roads")
thin = ogr.StyleTable()
thin.AddStyle("thin", "PEN(w:1px)")
layer.SetStyleTable(thin)
table = layer.GetStyleTable()
print(table.Find("thin"))
del table, layer, dataset
print(thin.Find("thin"))
