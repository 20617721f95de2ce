"""The other layers of a dataset live on when one is deleted."""
import os
import sys

from osgeo import gdal

os.chdir(sys.argv[1])
dataset = gdal.GetDriverByName("Memory").Create("m", 0, 0, 0)
first = dataset.CreateLayer("first")
second = dataset.CreateLayer("second")
dataset.DeleteLayer(0)
print(second.GetName(), second.GetFeatureCount(), dataset.GetLayerCount())
