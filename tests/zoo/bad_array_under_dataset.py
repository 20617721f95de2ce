"""A numpy array under a MEM dataset is let go first: the dataset shows whatever comes to lie there."""
import os
import sys

import numpy
from osgeo import gdal

os.chdir(sys.argv[1])
gdal.UseExceptions()
gdal.SetConfigOption("GDAL_MEM_ENABLE_OPEN", "YES")


def open_over(array):
    height, width = array.shape
    return gdal.Open("MEM:::DATAPOINTER=%d,PIXELS=%d,LINES=%d,BANDS=1,DATATYPE=Byte" % (array.ctypes.data, width, height))  # obtained


pixels = numpy.full((64, 64), 7, numpy.uint8)
dataset = open_over(pixels)
del pixels  # used
others = numpy.full((64, 64), 9, numpy.uint8)
print(dataset.ReadAsArray(30, 30, 1, 1)[0, 0])
