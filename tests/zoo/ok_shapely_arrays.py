"""shapely 2: functions over arrays, prepared in place, trees with pairs and distances, coordinates, threads without the GIL."""
# needs shapely>=2
import concurrent.futures
import gc

import numpy
import shapely
from shapely import STRtree

points = shapely.points(numpy.arange(1000) % 40, numpy.arange(1000) // 40)
areas = shapely.buffer(points[:100], 3)
shapely.prepare(areas)
print(int(shapely.contains(areas[:, None], points[None, :]).sum()))
shapely.destroy_prepared(areas)
print(shapely.union_all(areas).geom_type, shapely.get_num_coordinates(areas).sum(), shapely.bounds(areas).shape)
tree = STRtree(areas)
print(tree.query(points[:10], predicate="intersects").shape, tree.query_nearest(points[:5]).shape, tree.nearest(points[500]) >= 0)
del areas
gc.collect()
print(len(tree.query(points[0])))
parts = shapely.get_parts(shapely.multipoints(points[:20]))
rings = shapely.get_exterior_ring(shapely.box(0, 0, numpy.arange(1, 6), 1))
gc.collect()
print(len(parts), shapely.length(rings).tolist(), shapely.get_coordinates(rings).shape)
print(shapely.make_valid(shapely.from_wkt("POLYGON ((0 0, 2 2, 2 0, 0 2, 0 0))")).geom_type, shapely.is_valid_reason(rings[0]))
print(shapely.from_wkb(shapely.to_wkb(points[:3])), shapely.from_geojson('{"type": "Point", "coordinates": [1, 2]}'))
print(shapely.from_wkt(["POINT (1 2)", "broken"], on_invalid="ignore"), shapely.equals(None, points[0]))
print(shapely.from_ragged_array(*shapely.to_ragged_array(points[:3])), shapely.set_precision(shapely.Point(1.234, 2), 0.1))
with concurrent.futures.ThreadPoolExecutor(4) as pool:
    print(sum(pool.map(lambda number: int(shapely.intersects(tree.geometries, points[number]).sum()), range(100))))
