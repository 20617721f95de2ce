import numpy
from osgeo import gdal


def open_pixels():
    pixels = numpy.zeros((100, 100), "u1")
    return gdal.Open("MEM:::DATAPOINTER=0x%x,PIXELS=100,LINES=100" % pixels.ctypes.data)  # the array ends here


dataset = open_pixels()
print(dataset.GetRasterBand(1).Checksum())
