"""Overviews that stay may be used on, the others are fetched again."""
import os
import sys

from osgeo import gdal

os.chdir(sys.argv[1])
dataset = gdal.GetDriverByName("MEM").Create("m", 8, 4)
band = dataset.GetRasterBand(1)
dataset.BuildOverviews("NEAREST", [2])
overview = band.GetOverview(0)
dataset.BuildOverviews("NEAREST", [4])
print(overview.XSize, band.GetOverviewCount())
