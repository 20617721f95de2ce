"""The worker opens the file for itself."""
import os
import sys

from osgeo import gdal

gdal.UseExceptions()
os.chdir(sys.argv[1])
dataset = gdal.Open("tiny.tif")
child = os.fork()
if child == 0:
    own = gdal.Open("tiny.tif")
    sys.exit(own.GetRasterBand(1).ReadRaster(0, 0, 1, 1)[0])
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
