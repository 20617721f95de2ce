import numpy
from osgeo import gdal


def open_pixels():
    pixels = numpy.zeros((100, 100), "u1")
    return gdal.Open("MEM:::DATAPOINTER=%d,PIXELS=100,LINES=100" % pixels.ctypes.data)  # the array ends here


print(open_pixels().GetRasterBand(1).Checksum())
