"""A layer that was there before a transaction is used after it was rolled back; one made in another is committed."""
import os
import sys

from osgeo import gdal

os.chdir(sys.argv[1])
dataset = gdal.OpenEx("places.gpkg", gdal.OF_UPDATE)
layer = dataset.GetLayer(0)
dataset.StartTransaction()
layer.DeleteFeature(1)
dataset.RollbackTransaction()
print(layer.GetFeatureCount())
dataset.StartTransaction()
other = dataset.CreateLayer("others")
dataset.CommitTransaction()
print(other.GetFeatureCount())
del layer, other
del dataset
