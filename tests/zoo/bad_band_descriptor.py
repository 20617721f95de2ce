"""When is the file of a deleted dataset closed? With its last band, not at exit."""
import os
import sys

from osgeo import gdal

os.chdir(sys.argv[1])


def is_open(name):
    links = [os.path.join("/proc/self/fd", number) for number in os.listdir("/proc/self/fd")]
    return os.path.realpath(name) in [os.readlink(link) for link in links if os.path.islink(link)]


dataset = gdal.Open("tiny.tif")
band, other = dataset.GetRasterBand(1), dataset.GetRasterBand(1)  # obtained
del dataset  # freed
print(band.Checksum(), flush=True)  # used
print("two bands, open:", is_open("tiny.tif"))
del band
print("one band, open:", is_open("tiny.tif"))
del other
print("no band, open:", is_open("tiny.tif"))
