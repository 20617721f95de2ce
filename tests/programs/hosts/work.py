"""What every host of hosts_test.py has done: a right answer, and the mistake that only one worker makes."""
import os

from osgeo import gdal

gdal.UseExceptions()
RASTER = os.environ["HOSTS_RASTER"]


def right():
    dataset = gdal.Open(RASTER)
    band = dataset.GetRasterBand(1)
    return band.Checksum()


def wrong():
    dataset = gdal.Open(RASTER)
    band = dataset.GetRasterBand(1)
    del dataset
    return band.Checksum()  # band after its dataset


def answer(what):
    return "%s %d" % (what, {"right": right, "wrong": wrong}[what]())
