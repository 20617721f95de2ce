"""What every host of hosts_test.py has done: a right answer, and the mistake that only one worker makes."""
import ctypes
import os

from osgeo import gdal

gdal.UseExceptions()
RASTER = os.environ["HOSTS_RASTER"]
with open("/proc/self/maps") as maps:
    LIBGDAL = next(line.split()[-1] for line in maps if "/libgdal.so" in line)


def right():
    dataset = gdal.Open(RASTER)
    band = dataset.GetRasterBand(1)
    return band.Checksum()


def wrong():
    dataset = gdal.Open(RASTER)
    band = dataset.GetRasterBand(1)
    del dataset
    return band.Checksum()  # band after its dataset


def with_the_lock(what):
    """By ctypes, which keeps the GIL in calls of a PyDLL: there the thread's interpreter is known in every version. The handles leave no trace in Python."""
    gdal = ctypes.PyDLL(LIBGDAL)
    gdal.GDALOpen.restype = gdal.GDALGetRasterBand.restype = ctypes.c_void_p
    gdal.GDALGetRasterBand.argtypes = ctypes.c_void_p, ctypes.c_int
    gdal.GDALGetRasterBandXSize.argtypes = gdal.GDALClose.argtypes = ctypes.c_void_p,
    dataset = gdal.GDALOpen(RASTER.encode(), 0)
    band = gdal.GDALGetRasterBand(dataset, 1)
    if what == "wrong":
        gdal.GDALClose(dataset)
    width = gdal.GDALGetRasterBandXSize(band)  # with the GIL
    if what == "right":
        gdal.GDALClose(dataset)
    return width


def answer(what):
    return "%s %d" % (what, {"right": right, "wrong": wrong}[what]())
