"""A dataset is opened, then a worker is forked that reads from it: both move one file position."""
import os
import sys

from osgeo import gdal

gdal.UseExceptions()
os.chdir(sys.argv[1])
dataset = gdal.Open("tiny.tif")
band = dataset.GetRasterBand(1)  # obtained
child = os.fork()
if child == 0:
    try:
        pixel = band.ReadRaster(0, 0, 1, 1)[0]  # used
    except RuntimeError:
        pixel = 9
    sys.exit(pixel)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
