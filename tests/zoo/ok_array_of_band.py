"""An array of a band keeps the dataset."""
import os
import sys

from osgeo import gdal

os.chdir(sys.argv[1])
dataset = gdal.Open("tiny.tif")
array = dataset.GetRasterBand(1).AsMDArray()
del dataset
print(array.GetTotalElementsCount(), array.GetDimensions()[1].GetSize())
dimensions = array.GetDimensions()
del array
print(dimensions[0].GetSize())
