"""shapely 1.8, with its compiled speedups and through ctypes alone: operations, prepared geometries, trees, pickles, WKB and WKT."""
import gc
import pickle
import sys

import shapely
import shapely.geos
from shapely import ops, speedups, wkb, wkt
from shapely.affinity import rotate, scale, translate
from shapely.geometry import GeometryCollection, LinearRing, LineString, MultiPoint, MultiPolygon, Point, Polygon, box, mapping, shape
from shapely.prepared import prep
from shapely.strtree import STRtree
from shapely.validation import explain_validity, make_valid


def work():
    area = Polygon([(0, 0), (10, 0), (10, 10), (0, 10)], [[(2, 2), (4, 2), (4, 4), (2, 4)]])
    print(area.area, area.length, area.bounds, area.centroid.wkt, area.is_valid, list(area.exterior.coords)[:2])
    hole = area.interiors[0]
    exterior = area.exterior
    del area
    print(exterior.length, hole.is_ring, hole.coords[0])
    one, other = box(0, 0, 5, 5), Point(5, 5).buffer(3)
    for name in ("union", "intersection", "difference", "symmetric_difference"):
        print(name, round(getattr(one, name)(other).area, 6))
    for name in ("intersects", "contains", "touches", "overlaps", "within", "crosses", "equals", "disjoint"):
        print(name, getattr(one, name)(other), end=" ")
    print(one.relate(other), round(one.distance(Point(9, 9)), 6), round(one.hausdorff_distance(other), 4))
    print(rotate(one, 30).wkt[:40], scale(one, 2, 3).area, translate(one, 1, 1).bounds)
    prepared = prep(other)
    print(sum(prepared.contains(Point(x, y)) for x in range(10) for y in range(10)))
    del other
    print(prepared.intersects(Point(5, 5)))
    boxes = [box(n, n, n + 1.5, n + 1.5) for n in range(50)]
    tree = STRtree(boxes)
    print([found.bounds for found in tree.query(box(10, 10, 11, 11))], tree.nearest(Point(30, 30)).bounds)
    del boxes
    print(len(tree.query(box(0, 0, 100, 100))))
    print(len(list(ops.polygonize([LineString([(0, 0), (1, 0), (1, 1), (0, 0)])]))))
    lines = ops.linemerge([LineString([(0, 0), (1, 1)]), LineString([(1, 1), (2, 0)])])
    print(lines.wkt, lines.interpolate(0.5, normalized=True).wkt, lines.project(Point(2, 0)), lines.simplify(1).wkt)
    print([part.wkt for part in ops.split(LineString([(0, 0), (4, 0)]), Point(2, 0)).geoms], ops.nearest_points(one, Point(9, 9))[0].wkt)
    print([round(t.area, 3) for t in ops.triangulate(MultiPoint([(0, 0), (1, 0), (1, 1), (0, 1)]))])
    points = MultiPoint([(n, n * n % 5) for n in range(6)])
    print(points.convex_hull.wkt, [part.x for part in points.geoms], points.minimum_rotated_rectangle.geom_type)
    part = MultiPolygon([box(0, 0, 1, 1), box(2, 2, 3, 3)]).geoms[1]
    gc.collect()
    print(part.area, part.exterior.coords[2])
    again = pickle.loads(pickle.dumps([one, lines, points]))
    print(again[0].equals(one), again[1].wkt, wkb.loads(wkb.dumps(one, hex=True), hex=True).equals(one), wkt.loads(one.wkt).area)
    print(shape(mapping(one)).equals(one), GeometryCollection([one, lines]).geoms[1].length, LinearRing([(0, 0), (1, 0), (1, 1)]).is_ccw)
    bow = Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])
    print(bow.is_valid, explain_validity(bow), make_valid(bow).geom_type, bow.buffer(0).area)
    moved = ops.transform(lambda x, y, z=None: (x + 1, y + 2), one)
    print(moved.bounds, ops.substring(lines, 0.2, 0.9).length if lines else None, one.boundary.geom_type, one.envelope.area)
    for text in ("POLYGON ((0 0", "POINT (1 2"):
        try:
            wkt.loads(text)
        except Exception as error:
            print(type(error).__name__)
    try:
        wkb.loads(b"\1\2\3")
    except Exception as error:
        print(type(error).__name__)


print(shapely.geos.geos_version, speedups.enabled)
work()
speedups.disable()
work()
print(len([Point(n, n).buffer(1) for n in range(2000)]))
sys.stdout.flush()
