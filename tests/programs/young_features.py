"""Right: each geometry is dropped a moment after the feature that lent it."""
from osgeo import gdal, ogr

ROUNDS = 3000

gdal.UseExceptions()
dataset = ogr.GetDriverByName("Memory").CreateDataSource("")
layer = dataset.CreateLayer("points")
feature = ogr.Feature(layer.GetLayerDefn())
feature.SetGeometry(ogr.CreateGeometryFromWkt("POINT (1 1)"))
total = 0
for number in range(ROUNDS):
    copy = feature.Clone()
    geometry = copy.GetGeometryRef()
    total += geometry.GetX()
print(total == ROUNDS)
