"""rasterio: shapes out of pixels, pixels out of shapes, masks, merged and boundless reads."""
import os
import sys

import numpy
import rasterio
from rasterio.features import bounds, geometry_mask, geometry_window, rasterize, shapes, sieve
from rasterio.fill import fillnodata
from rasterio.mask import mask
from rasterio.merge import merge
from rasterio.transform import from_origin, rowcol, xy

os.chdir(sys.argv[1])
square = {"type": "Polygon", "coordinates": [[(2, 2), (2, 6), (6, 6), (6, 2), (2, 2)]]}
where = from_origin(0, 10, 1, 1)
burned = rasterize([(square, 5)], out_shape=(10, 10), transform=where, dtype="uint8")
print(burned.sum(), geometry_mask([square], (10, 10), where).sum(), bounds(square))
found = [(geometry["type"], value) for geometry, value in shapes(burned, transform=where)]
print(found, sieve(burned, 4).sum(), xy(where, 1, 1), rowcol(where, 3.5, 4.5))
generator = shapes(burned, transform=where)
print(next(generator)[1])
del generator
with rasterio.open("tiny.tif") as source:
    area = {"type": "Polygon", "coordinates": [[(500020, 4599980), (500020, 4599920), (500090, 4599920), (500090, 4599980), (500020, 4599980)]]}
    print(geometry_window(source, [area]))
    pixels, transform = mask(source, [area], crop=True)
    print(pixels.shape, pixels.sum(), transform.c)
    print(source.read(1, window=((-2, 4), (-2, 4)), boundless=True).sum())
    merged, transform = merge([source, source])
    print(merged.shape, merged.sum())
    print(fillnodata(source.read(1).astype("float32"), mask=source.read_masks(1)).shape)
merged, transform = merge(["tiny.tif", "tiny.tif"], bounds=(500000, 4599900, 500100, 4600000))
print(merged.shape, int(numpy.max(merged)))
