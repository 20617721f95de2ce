"""rasterio: open, windows, profiles, write, overviews, masks, MemoryFile, VRT, threads, datasets left open."""
from concurrent.futures import ThreadPoolExecutor

import numpy
import rasterio
from rasterio.io import MemoryFile
from rasterio.windows import Window, from_bounds

with rasterio.open("rgb.tif") as source:
    print(source.count, source.shape, source.crs.to_epsg(), source.bounds, source.dtypes, source.nodata)
    profile = source.profile
    image = source.read()
    window = source.read(1, window=Window(10, 20, 30, 15))
    print(int(image.sum()), int(window.sum()), source.read(2, out_shape=(9, 12)).tolist()[0])
    print([int(source.read(1, window=w).sum()) for number, w in source.block_windows(1)][:4])
    print(list(source.sample([(500055, 5299955), (500505, 5299505)])))
    print(source.index(500055, 5299955), source.xy(3, 4), from_bounds(500100, 5299500, 500200, 5299700, source.transform))
    print(source.dataset_mask().sum(), source.checksum(1), source.tags(), source.colorinterp)
print(source.closed)

profile.update(driver="GTiff", count=1, dtype="float32", tiled=True, blockxsize=32, blockysize=32, compress="deflate", nodata=-1)
with rasterio.open("ratio.tif", "w", **profile) as target:
    for number, block in target.block_windows(1):
        rows, columns = (slice(start, stop) for start, stop in block.toranges())
        target.write((image[0, rows, columns] / 255.0).astype("float32"), 1, window=block)
    target.update_tags(ratio="one")
    target.set_band_description(1, "ratio")
with rasterio.open("ratio.tif", "r+") as target:
    target.build_overviews([2, 4], rasterio.enums.Resampling.average)
    print(target.overviews(1), target.descriptions, target.tags()["ratio"])
with rasterio.open("ratio.tif", overview_level=0) as small:
    print(small.shape, round(float(small.read(1, masked=True).mean()), 6))

with MemoryFile() as memory:
    with memory.open(driver="GTiff", count=2, width=20, height=10, dtype="uint8", crs="EPSG:4326",
                     transform=rasterio.transform.from_origin(10, 50, 0.1, 0.1)) as target:
        target.write(numpy.full((2, 10, 20), 9, "uint8"))
    with memory.open() as again:
        print(again.read().sum(), again.crs)
    content = memory.read()
with MemoryFile(content) as memory, memory.open() as again:
    print(again.bounds)


def total(number):
    with rasterio.open("rgb.tif") as source:
        return int(source.read(number % 3 + 1).sum())


with ThreadPoolExecutor(4) as pool:
    print(sorted(pool.map(total, range(24))))
try:
    rasterio.open("missing.tif")
except rasterio.errors.RasterioIOError as error:
    print(error)
try:
    source.read(1)
except (rasterio.errors.RasterioIOError, ValueError) as error:
    print(type(error).__name__, error)
left_open = rasterio.open("dem.tif")
print(left_open.read(1).shape)
