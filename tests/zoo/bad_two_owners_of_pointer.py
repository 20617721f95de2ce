"""Two objects of shapely made of one pointer: both destroy it."""
# needs shapely<2

from shapely.geometry import Point
from shapely.geometry.base import geom_factory
from shapely.geos import lgeos

one = Point(1, 2)
one = one.buffer(1)  # obtained
other = geom_factory(one._geom)
print(round(other.area, 3))
del one  # freed
del other  # used
print("end")
