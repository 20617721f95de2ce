"""A layer used after it was deleted from its dataset."""
import os
import sys

from osgeo import gdal

os.chdir(sys.argv[1])
dataset = gdal.GetDriverByName("Memory").Create("m", 0, 0, 0)
first = dataset.CreateLayer("first")
second = dataset.CreateLayer("second")  # obtained
dataset.DeleteLayer(1)  # freed
print(second.GetFeatureCount(), first.GetName())  # used
