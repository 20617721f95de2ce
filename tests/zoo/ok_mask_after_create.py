"""The mask band is fetched again after CreateMaskBand."""
import os
import sys

from osgeo import gdal

os.chdir(sys.argv[1])
dataset = gdal.GetDriverByName("MEM").Create("m", 8, 4)
band = dataset.GetRasterBand(1)
print(band.GetMaskBand().Checksum())
band.CreateMaskBand(gdal.GMF_PER_DATASET)
print(band.GetMaskBand().Checksum())
