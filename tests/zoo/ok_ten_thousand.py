"""10,000 rasters opened, a band fetched, closed; 10,000 geometries of features: descriptors and memory stay flat."""
import os
import sys

from osgeo import gdal, ogr

os.chdir(sys.argv[1])


def descriptors():
    return len(os.listdir("/proc/self/fd"))


def memory_mb():
    with open("/proc/self/status") as status:
        return [int(line.split()[1]) for line in status if line.startswith("VmRSS")][0] // 1024


source = ogr.Open("places.shp")
layer = source.GetLayer(0)
for number in range(10000):
    dataset = gdal.Open("tiny.tif")
    band = dataset.GetRasterBand(1)
    wide = band.XSize
    del band
    del dataset
    feature = layer.GetFeature(number % 3)
    geometry = feature.GetGeometryRef()
    wide += geometry.GetGeometryCount()
    del geometry
    del feature
    if wide != 21:
        print("wrong:", wide)
    if number == 4999:
        before = descriptors(), memory_mb()
after = descriptors(), memory_mb()
del layer
del source
print("descriptors flat:", before[0] == after[0] or (before, after))
print("memory flat:", after[1] - before[1] <= 3 or (before, after))
