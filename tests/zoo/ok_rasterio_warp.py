"""rasterio: warping arrays, datasets and geometries, virtual warps that outlive the names of their sources."""
import os
import sys

import numpy
import rasterio
from rasterio.crs import CRS
from rasterio.vrt import WarpedVRT
from rasterio.warp import Resampling, calculate_default_transform, reproject, transform, transform_bounds, transform_geom

os.chdir(sys.argv[1])
target = CRS.from_epsg(4326)
with rasterio.open("tiny.tif") as source:
    made, width, height = calculate_default_transform(source.crs, target, source.width, source.height, *source.bounds)
    pixels = numpy.zeros((height, width), dtype="uint8")
    reproject(rasterio.band(source, 1), pixels, dst_transform=made, dst_crs=target, resampling=Resampling.nearest)
    print(width, height, int(pixels.sum()) > 0, [round(value, 4) for value in transform_bounds(source.crs, target, *source.bounds)])
    again = numpy.zeros_like(source.read(1))
    reproject(pixels, again, src_transform=made, src_crs=target, dst_transform=source.transform, dst_crs=source.crs, num_threads=2)
    print(int(again.sum()) > 0)
    with WarpedVRT(source, crs="EPSG:4326") as view:
        print(view.shape, view.read(1).shape, view.crs.to_epsg())
    view = WarpedVRT(source, crs="EPSG:3857", resampling=Resampling.bilinear)
    print(view.read(1).shape == view.shape)
    view.close()
print([round(value, 4) for value in transform(target, CRS.from_epsg(3857), [3.0], [45.0])[0]])
print(transform_geom(target, "EPSG:3857", {"type": "Point", "coordinates": (0.0, 0.0)})["type"])


def first_pixels(path):
    with rasterio.open(path) as source, WarpedVRT(source, crs="EPSG:4326") as view:
        return view.read(1)[:2, :2].tolist()


print([first_pixels("tiny.tif") for _ in range(20)][-1])
