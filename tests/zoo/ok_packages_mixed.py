"""rasterio, fiona, shapely and pyproj in turns on the same files: pixels under shapes, shapes out of pixels."""
import os
import sys

import fiona
import pyproj
import rasterio
import rasterio.features
import rasterio.mask
from shapely.geometry import box, mapping, shape
from shapely.ops import transform, unary_union

os.chdir(sys.argv[1])
with rasterio.open("tiny.tif") as source, fiona.open("places.shp") as places:
    project = pyproj.Transformer.from_crs(source.crs.to_wkt(), places.crs_wkt, always_xy=True)
    extent = transform(project.transform, box(*source.bounds))
    print(extent.is_valid, [shape(place["geometry"]).intersects(extent) for place in places])
    inner = box(*source.bounds).buffer(-20)
    pixels, _ = rasterio.mask.mask(source, [mapping(inner)], crop=True)
    areas = [(shape(geometry), value) for geometry, value in rasterio.features.shapes(source.read(1) // 50, transform=source.transform)]
    schema = {"geometry": "Polygon", "properties": {"value": "int"}}
    with fiona.open("areas.gpkg", "w", driver="GPKG", schema=schema, crs_wkt=places.crs_wkt) as target:
        for area, value in areas:
            target.write({"type": "Feature", "geometry": mapping(transform(project.transform, area)), "properties": {"value": int(value)}})
print(pixels.shape, len(areas), round(unary_union([area for area, _ in areas]).area))
with fiona.open("areas.gpkg") as source, rasterio.open("tiny.tif") as pixels:
    print(len(source), pixels.crs == rasterio.crs.CRS.from_epsg(32631))
