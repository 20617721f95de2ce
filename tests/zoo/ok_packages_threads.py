"""What threads may share: a transformer of pyproj, and behind a lock a dataset of rasterio, a collection of fiona and the geometries of shapely
(1.8 has one context for all threads)."""
import concurrent.futures
import os
import sys
import threading

import fiona
import pyproj
import rasterio
from shapely.geometry import Point

os.chdir(sys.argv[1])
area = Point(0, 0).buffer(10)
to_metres = pyproj.Transformer.from_crs(4326, 3857, always_xy=True)
lock = threading.Lock()
with rasterio.open("tiny.tif") as source, fiona.open("places.gpkg") as places:
    def work(number):
        total = round(to_metres.transform(number % 10, 0)[0])
        with lock:
            return total + area.contains(Point(number % 12, 0)) + int(source.read(1, window=((0, 1), (0, 20))).sum()) + len(list(places))

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        print(sum(pool.map(work, range(100))))
