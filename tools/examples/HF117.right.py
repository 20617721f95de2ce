import numpy
from osgeo import gdal

pixels = numpy.zeros((100, 100), "u1")  # kept as long as the dataset
dataset = gdal.Open("MEM:::DATAPOINTER=0x%x,PIXELS=100,LINES=100" % pixels.ctypes.data)
print(dataset.GetRasterBand(1).Checksum())
dataset = None
pixels = None
