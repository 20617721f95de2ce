"""shapely 1.8 and 2: parts and rings outlive what they are parts of, prepared geometries and trees, repair, pickles."""
import gc
import pickle

from shapely import wkb, wkt
from shapely.geometry import LineString, MultiPoint, MultiPolygon, Point, Polygon, box, mapping, shape
from shapely.ops import linemerge, nearest_points, polygonize, split, transform, unary_union
from shapely.prepared import prep
from shapely.strtree import STRtree
from shapely.validation import explain_validity, make_valid

ring = Polygon([(0, 0), (4, 0), (4, 4), (0, 4)], [[(1, 1), (2, 1), (2, 2), (1, 2)]]).interiors[0]
gc.collect()
print(ring.length, list(ring.coords)[:2])
part = MultiPolygon([box(0, 0, 1, 1), box(2, 2, 3, 3)]).geoms[1]
gc.collect()
print(part.wkt, part.exterior.coords[0], [p.x for p in MultiPoint([(1, 2), (3, 4)]).geoms])
prepared = prep(Point(0, 0).buffer(2))
gc.collect()
print(prepared.contains(Point(1, 1)), prepared.intersects(Point(5, 5)))
tree = STRtree([box(n, n, n + 1, n + 1) for n in range(30)])
gc.collect()
print(len(tree.query(box(3.5, 3.5, 5.5, 5.5))))
bow = Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])
print(bow.is_valid, explain_validity(bow).split("[")[0], make_valid(bow).geom_type, bow.buffer(0).is_valid)
print(unary_union([box(0, 0, 2, 2), box(1, 1, 3, 3)]).area, linemerge([LineString([(0, 0), (1, 1)]), LineString([(1, 1), (2, 0)])]).length > 2)
print([piece.length for piece in split(LineString([(0, 0), (4, 0)]), Point(1, 0)).geoms], nearest_points(box(0, 0, 1, 1), Point(3, 0.5))[0].x)
print(len(list(polygonize([LineString([(0, 0), (1, 0), (1, 1), (0, 0)])]))), transform(lambda x, y: (x + 1, y), box(0, 0, 1, 1)).bounds)
print(pickle.loads(pickle.dumps(part)).equals(part), wkb.loads(wkb.dumps(part)).equals(part), wkt.loads(part.wkt).area, shape(mapping(part)).area)
for text in ("POLYGON ((0 0", "POINT (1 2"):
    try:
        wkt.loads(text)
    except Exception as error:
        print(isinstance(error, Exception))
