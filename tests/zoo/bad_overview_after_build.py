"""An overview band kept over a BuildOverviews that removes the overviews."""
import os
import sys

from osgeo import gdal

os.chdir(sys.argv[1])
dataset = gdal.GetDriverByName("MEM").Create("m", 8, 4)
band = dataset.GetRasterBand(1)
dataset.BuildOverviews("NEAREST", [2])
overview = band.GetOverview(0)  # obtained
dataset.BuildOverviews("NEAREST", [])  # freed
print(overview.XSize)  # used
