"""The file is closed with its dataset."""
import os
import sys

from osgeo import gdal

os.chdir(sys.argv[1])


def is_open(name):
    links = [os.path.join("/proc/self/fd", number) for number in os.listdir("/proc/self/fd")]
    return os.path.realpath(name) in [os.readlink(link) for link in links if os.path.islink(link)]


dataset = gdal.Open("tiny.tif")
band = dataset.GetRasterBand(1)
print(band.Checksum(), is_open("tiny.tif"))
del band
print(is_open("tiny.tif"))
del dataset
print(is_open("tiny.tif"))
