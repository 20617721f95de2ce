"""A copy of a part of a geometry wrapped a second time."""
# needs shapely<2

from shapely.geometry import MultiPoint
from shapely.geometry.base import geom_factory
from shapely.geos import lgeos

whole = MultiPoint([(1, 2), (3, 4)])  # obtained
part = geom_factory(lgeos.GEOSGeom_clone(lgeos.GEOSGetGeometryN(whole._geom, 1)))
print(part.x)
del part
print(whole.wkt)
del whole
