"""fiona: collections read, sliced, filtered, written and appended to; MemoryFile; transformation; errors; layers."""
from collections import OrderedDict

import fiona
import fiona.transform
from fiona.io import MemoryFile

with fiona.open("areas.shp") as source:
    print(len(source), source.schema, source.crs.to_epsg() if hasattr(source.crs, "to_epsg") else source.crs, source.bounds)
    records = list(source)
    print([record["properties"]["name"] for record in source.filter(bbox=(500000, 5299000, 500400, 5300000))])
    print(source[3]["id"], records[3]["geometry"]["type"])
    print([item[0] for item in source.items(2, 5)], [key for key in source.keys()][:3])
    schema, crs = source.schema, source.crs
    with fiona.open("written.gpkg", "w", driver="GPKG", layer="first", schema=schema, crs=crs) as target:
        target.writerecords(records[:6])
        target.flush()
    with fiona.open("written.gpkg", "w", driver="GPKG", layer="second", schema=schema, crs=crs) as target:
        target.write(records[7])
with fiona.open("written.gpkg", "a", layer="first") as target:
    target.writerecords(records[6:])
    print(len(target))
print(fiona.listlayers("written.gpkg"))
with fiona.open("written.gpkg", layer="first") as again:
    print(sum(record["properties"]["number"] for record in again), again.driver, again.meta["crs_wkt"][:20] if again.meta.get("crs_wkt") else None)
with fiona.open("written.geojson", "w", driver="GeoJSON", schema={"geometry": "Point", "properties": OrderedDict([("a", "int"), ("b", "str")])}, crs="EPSG:4326") as target:
    for number in range(5):
        target.write({"type": "Feature", "geometry": {"type": "Point", "coordinates": (number, 50.0)}, "properties": {"a": number, "b": "x" * number}})
with fiona.open("written.geojson") as points:
    iterator = iter(points)
    print(next(iterator)["properties"]["a"], next(iterator)["geometry"]["coordinates"])
with MemoryFile() as memory:
    with memory.open(driver="GeoJSON", schema={"geometry": "Point", "properties": {"n": "int"}}) as target:
        target.write({"type": "Feature", "geometry": {"type": "Point", "coordinates": (1.0, 2.0)}, "properties": {"n": 7}})
    with memory.open() as again:
        print([dict(record["properties"]) for record in again])
print([[round(v, 3) for v in axis] for axis in fiona.transform.transform("EPSG:4326", "EPSG:32633", [15, 16], [48, 47])])
moved = fiona.transform.transform_geom("EPSG:32633", "EPSG:4326", records[0]["geometry"])
print(moved["type"], [round(v, 5) for v in moved["coordinates"][0][0]])
for attempt in (lambda: fiona.open("missing.shp"), lambda: fiona.open("points.txt"), lambda: fiona.open("areas.shp", layer="no such layer")):
    try:
        attempt()
        print("no error")
    except Exception as error:
        print(type(error).__name__, error)
kept = fiona.open("areas.shp")
print(next(iter(kept))["id"])
fiona.remove("written.geojson")
