"""A part of a geometry wrapped a second time: shapely destroys what belongs to the whole."""
# needs shapely<2

from shapely.geometry import MultiPoint
from shapely.geometry.base import geom_factory
from shapely.geos import lgeos

whole = MultiPoint([(1, 2), (3, 4)])  # obtained
part = geom_factory(lgeos.GEOSGetGeometryN(whole._geom, 1))
print(part.x)
del part  # freed
print(whole.length)  # used
del whole  # used2
