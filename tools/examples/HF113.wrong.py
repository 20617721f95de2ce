import os

from osgeo import gdal

gdal.GetDriverByName("GTiff").Create("example.tif", 10, 10, 1)
dataset = gdal.Open("example.tif")
child = os.fork()
dataset.GetRasterBand(1).Checksum()  # in both processes
dataset = None
if child:
    os.wait()
