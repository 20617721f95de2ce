import os

from osgeo import gdal

gdal.GetDriverByName("GTiff").Create("example.tif", 10, 10, 1)
child = os.fork()
dataset = gdal.Open("example.tif")  # each process opens its own
dataset.GetRasterBand(1).Checksum()
dataset = None
if child:
    os.wait()
