"""The second crash of the gotchas: the dataset is gone before Checksum() is called."""
import os
import sys

from osgeo import gdal

os.chdir(sys.argv[1])
print(gdal.Open("tiny.tif").GetRasterBand(1).Checksum())  # obtained freed used
