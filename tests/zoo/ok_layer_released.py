"""Only the result set is released."""
import os
import sys

from osgeo import ogr

os.chdir(sys.argv[1])
source = ogr.Open("places.shp")
layer = source.GetLayer(0)
result = source.ExecuteSQL("SELECT * FROM places WHERE name > 'a'")
print(layer.GetFeatureCount(), result.GetFeatureCount())
source.ReleaseResultSet(result)
print(layer.GetFeatureCount())
