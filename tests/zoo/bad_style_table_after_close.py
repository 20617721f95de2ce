"""A style table used after the dataset of its layer was deleted."""
import os
import sys

from osgeo import gdal, ogr

os.chdir(sys.argv[1])
dataset = gdal.GetDriverByName("Memory").Create("", 0, 0, 0, gdal.GDT_Unknown)
layer = dataset.CreateLayer("roads")
thin = ogr.StyleTable()
thin.AddStyle("thin", "PEN(w:1px)")
layer.SetStyleTable(thin)
table = layer.GetStyleTable()  # obtained
del dataset  # freed
print(table.Find("thin"))  # used
