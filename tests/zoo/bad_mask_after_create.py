"""A mask band kept over CreateMaskBand."""
import os
import sys

from osgeo import gdal

os.chdir(sys.argv[1])
dataset = gdal.GetDriverByName("MEM").Create("m", 8, 4)
band = dataset.GetRasterBand(1)
mask = band.GetMaskBand()  # obtained
band.CreateMaskBand(gdal.GMF_PER_DATASET)  # freed
print(mask.Checksum())  # used
