"""Points from degrees to metres.  pyproj_points.py array|single COUNT"""
import sys

import numpy
import pyproj

transformer = pyproj.Transformer.from_crs(4326, 32631, always_xy=True)
count = int(sys.argv[2])
if sys.argv[1] == "array":
    x, y = transformer.transform(numpy.linspace(0, 6, count), numpy.linspace(40, 50, count))
    print(round(float(x.sum()), 1), round(float(y.sum()), 1))
else:
    print(round(sum(transformer.transform(3.0 + number / count, 45.0)[0] for number in range(count)), 1))
