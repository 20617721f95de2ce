"""fiona: reading records, slices and filters; records outlive their collection, an iterator is left half way."""
import os
import sys

import fiona
from fiona.transform import transform, transform_geom

os.chdir(sys.argv[1])
print(fiona.listlayers("places.gpkg"))
for path in ("places.shp", "places.gpkg"):
    with fiona.open(path) as source:
        print(source.driver, source.schema["geometry"], dict(source.schema["properties"]), len(source), source.bounds)
        records = list(source)
        print([record["properties"]["name"] for record in source.filter(bbox=(9, 0, 12, 1))], source[records[1]["id"] and 1]["properties"]["name"])
        some = iter(source)
        print(next(some)["properties"]["name"])
        del some
        print([record["properties"]["name"] for _, record in source.items(bbox=(0, 0, 15, 5))], list(source.keys())[:1], source.crs_wkt[:6])
    print(records[0]["geometry"]["type"], records[2]["properties"]["name"], source.closed)
    try:
        next(iter(source))
    except (ValueError, fiona.errors.FionaError) as error:
        print(type(error).__name__)
with fiona.open("places.shp") as source:
    print([record["properties"]["name"] for record in source.filter(where="name > 'a'")])
print(transform("EPSG:4326", "EPSG:3857", [0.0], [0.0])[0][0] < 1, transform_geom("EPSG:4326", "EPSG:3857", records[0]["geometry"])["type"])
with fiona.open("places.gpkg", layer="places") as one, fiona.open("places.gpkg", layer=0) as other:
    print([(left["properties"]["name"], right["properties"]["name"]) for left, right in zip(one, other)])
try:
    fiona.open("missing.shp")
except fiona.errors.DriverError as error:
    print(type(error).__name__)
