"""Datasets that are open when processes are forked, and that only the parent goes on using; geometries and systems are everybody's."""
import multiprocessing
import os
import sys

import fiona
import pyproj
import rasterio
from shapely.geometry import Point


def work(area, crs):
    with rasterio.open("tiny.tif") as source, fiona.open("places.shp") as places:
        total = int(source.read(1).sum()) + len(list(places))
    return total + round(area.area) + pyproj.CRS(crs.to_wkt()).to_epsg() + round(pyproj.Transformer.from_crs(4326, crs, always_xy=True).transform(3, 45)[0])


def main():
    os.chdir(sys.argv[1])
    area, crs = Point(0, 0).buffer(10), pyproj.CRS(32631)
    with rasterio.open("tiny.tif") as source, fiona.open("places.gpkg") as places:
        print(source.read(1).sum(), next(iter(places))["properties"]["name"])
        with multiprocessing.get_context("fork").Pool(2) as pool:
            print(pool.starmap(work, [(area, crs)] * 6))
            pool.close()
            pool.join()
        print(source.read(1).sum(), len(list(places)))


if __name__ == "__main__":
    main()
