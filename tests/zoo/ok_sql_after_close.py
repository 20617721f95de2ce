"""An SQL result is released before its dataset goes."""
import os
import sys

from osgeo import gdal

os.chdir(sys.argv[1])
dataset = gdal.OpenEx("places.shp", gdal.OF_VECTOR)
result = dataset.ExecuteSQL("SELECT * FROM places WHERE name > 'a'")
print(result.GetFeatureCount())
dataset.ReleaseResultSet(result)
del dataset
