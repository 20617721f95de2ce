"""Two objects of shapely, the second made of a copy."""
# needs shapely<2

from shapely.geometry import Point
from shapely.geometry.base import geom_factory
from shapely.geos import lgeos

one = Point(1, 2)
one = one.buffer(1)
other = geom_factory(lgeos.GEOSGeom_clone(one._geom))
print(round(other.area, 3))
del one
print(round(other.area, 3))
del other
