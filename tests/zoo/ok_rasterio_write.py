"""rasterio: writing, updating, overviews, masks, tags, copies; every file is complete when its dataset is closed."""
import os
import sys

import numpy
import rasterio
import rasterio.shutil
from rasterio.enums import ColorInterp, Resampling
from rasterio.transform import from_origin

os.chdir(sys.argv[1])
profile = {"driver": "GTiff", "width": 64, "height": 48, "count": 3, "dtype": "uint8", "crs": "EPSG:32631", "transform": from_origin(0, 480, 10, 10),
           "tiled": True, "blockxsize": 16, "blockysize": 16, "compress": "deflate"}
pixels = numpy.arange(64 * 48 * 3, dtype="uint32").reshape(3, 48, 64) % 251
with rasterio.open("new.tif", "w", **profile) as target:
    target.write(pixels.astype("uint8"))
    target.update_tags(made="here")
    target.set_band_description(1, "first")
    target.colorinterp = [ColorInterp.red, ColorInterp.green, ColorInterp.blue]
    target.write_mask(True)
with rasterio.open("new.tif", "r+") as target:
    target.write(numpy.zeros((8, 8), dtype="uint8"), 2, window=((0, 8), (0, 8)))
    target.build_overviews([2, 4], Resampling.nearest)
    target.nodata = 0
with rasterio.open("new.tif") as source:
    print(source.tags(), source.descriptions, source.overviews(1), source.nodata, source.read().sum())
    rasterio.shutil.copy(source, "copy.png", driver="PNG")
rasterio.shutil.copyfiles("new.tif", "again.tif")
print(rasterio.shutil.exists("again.tif"), sorted(os.listdir(".")))
rasterio.shutil.delete("again.tif")
left_open = rasterio.open("late.tif", "w", **profile)
left_open.write(pixels.astype("uint8"))
left_open.close()
left_open.close()
del left_open
