"""shapely 1.8's unary_union and cascaded_union: parts are given to a GEOS collection that shapely never destroys, and destroyed by their
owners all the same; that breaks the letter of GEOS and no memory. A part lives on, is used again and is given twice."""
import gc
import warnings

from shapely import ops
from shapely.geometry import MultiPoint, Point, box

warnings.simplefilter("ignore")
parts = [Point(n % 7, n // 7).buffer(0.6) for n in range(49)]
many = ops.unary_union(parts)
print(many.geom_type, round(many.area, 4), round(sum(part.area for part in parts), 4))
print(round(ops.unary_union(parts[10:20]).area, 4), round(ops.cascaded_union(parts[:10]).area, 4))
del parts[::2]
gc.collect()
print(round(ops.unary_union(parts).area, 4), parts[0].buffer(1).contains(parts[0]))
del parts
for number in range(200):
    ops.unary_union([box(n, number, n + 1.5, number + 1) for n in range(10)])
print(ops.unary_union(MultiPoint([(0, 0), (1, 1), (0, 0)])).wkt, round(many.area, 4))
