"""A raster read window by window.  rasterio_windows.py FILE PASSES"""
import sys

import rasterio

total = 0
with rasterio.open(sys.argv[1]) as dataset:
    for _ in range(int(sys.argv[2])):
        for _, window in dataset.block_windows(1):
            total += int(dataset.read(1, window=window)[0, 0])
print(total)
