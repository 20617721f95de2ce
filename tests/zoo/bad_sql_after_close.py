"""An SQL result used after its dataset was deleted."""
import os
import sys

from osgeo import gdal

os.chdir(sys.argv[1])
dataset = gdal.OpenEx("places.shp", gdal.OF_VECTOR)
result = dataset.ExecuteSQL("SELECT * FROM places WHERE name > 'a'")  # obtained
del dataset  # freed
print(result.GetFeatureCount())  # used
