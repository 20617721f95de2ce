"""The band of what gdal.Warp() made in memory, and nobody keeps."""
import os
import sys

from osgeo import gdal

os.chdir(sys.argv[1])
band = gdal.Warp("", "tiny.tif", format="MEM", dstSRS="EPSG:4326").GetRasterBand(1)  # obtained freed
print(band.XSize)  # used
print("end")
