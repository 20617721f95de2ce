"""A numpy array under a MEM dataset lives longer than it. An array written into a dataset is copied, and may go at once."""
import os
import sys

import numpy
from osgeo import gdal, gdal_array

os.chdir(sys.argv[1])
gdal.UseExceptions()
gdal.SetConfigOption("GDAL_MEM_ENABLE_OPEN", "YES")


def open_over(array):
    height, width = array.shape
    return gdal.Open("MEM:::DATAPOINTER=%d,PIXELS=%d,LINES=%d,BANDS=1,DATATYPE=Byte" % (array.ctypes.data, width, height))


pixels = numpy.full((64, 64), 7, numpy.uint8)
dataset = open_over(pixels)
others = numpy.full((64, 64), 9, numpy.uint8)
print(dataset.ReadAsArray(30, 30, 1, 1)[0, 0])
dataset = None
del pixels

copy = gdal.GetDriverByName("MEM").Create("", 64, 64)
copy.WriteArray(others)
del others
print(copy.ReadAsArray(30, 30, 1, 1)[0, 0])

opened = gdal_array.OpenArray(numpy.full((64, 64), 5, numpy.uint8))
print(opened.ReadAsArray(30, 30, 1, 1)[0, 0])
