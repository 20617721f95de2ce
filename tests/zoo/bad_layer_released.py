"""An ordinary layer released as if it were a result set."""
import os
import sys

from osgeo import ogr

os.chdir(sys.argv[1])
source = ogr.Open("places.shp")
layer = source.GetLayer(0)  # obtained
try:
    source.ReleaseResultSet(layer)  # used
except RuntimeError as error:
    print("refused")
print("end")
