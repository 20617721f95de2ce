"""fiona: writing, appending and removing layers in transactions; every file is complete when its collection is closed."""
import os
import sys

import fiona
from fiona.crs import CRS

os.chdir(sys.argv[1])
schema = {"geometry": "Point", "properties": {"name": "str:20", "size": "int"}}


def record(number):
    return {"type": "Feature", "id": str(number), "geometry": {"type": "Point", "coordinates": (float(number), 1.0)},
            "properties": {"name": "n%d" % number, "size": number}}


with fiona.open("new.gpkg", "w", driver="GPKG", schema=schema, crs=CRS.from_epsg(4326), layer="points") as target:
    target.writerecords(record(number) for number in range(500))
with fiona.open("new.gpkg", "a", layer="points") as target:
    for number in range(500, 510):
        target.write(record(number))
with fiona.open("new.gpkg", "w", driver="GPKG", schema=schema, crs="EPSG:4326", layer="others") as target:
    target.write(record(1))
print(sorted(fiona.listlayers("new.gpkg")), len(fiona.open("new.gpkg", layer="points")))
fiona.remove("new.gpkg", layer="others")
print(fiona.listlayers("new.gpkg"))
with fiona.open("new.geojson", "w", driver="GeoJSON", schema=schema) as target:
    target.write(record(3))
with fiona.open("new.geojson") as source:
    print([item["properties"]["size"] for item in source])
with fiona.open("new.shp", "w", driver="ESRI Shapefile", schema=schema, crs="EPSG:4326") as target:
    target.writerecords([record(1), record(2)])
    try:
        target.write({"type": "Feature", "geometry": {"type": "Point", "coordinates": (1.0, 2.0)}, "properties": {"wrong": 1}})
    except (ValueError, fiona.errors.FionaError) as error:
        print(type(error).__name__)
print(sorted(name for name in os.listdir(".") if name.startswith("new")))
fiona.remove("new.geojson", driver="GeoJSON")
