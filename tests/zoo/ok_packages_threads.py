"""What threads may share: geometries and trees of shapely, a transformer of pyproj, a dataset of rasterio and a collection of fiona behind
a lock."""
import concurrent.futures
import os
import sys
import threading

import fiona
import pyproj
import rasterio
from shapely.geometry import Point, box
from shapely.strtree import STRtree

os.chdir(sys.argv[1])
area = Point(0, 0).buffer(10)
tree = STRtree([box(n, 0, n + 1, 1) for n in range(50)])
to_metres = pyproj.Transformer.from_crs(4326, 3857, always_xy=True)
lock = threading.Lock()
with rasterio.open("tiny.tif") as source, fiona.open("places.gpkg") as places:
    def work(number):
        total = area.contains(Point(number % 12, 0)) + len(tree.query(box(number % 40, 0, number % 40 + 2, 1)))
        total += round(to_metres.transform(number % 10, 0)[0])
        with lock:
            return total + int(source.read(1, window=((0, 1), (0, 20))).sum()) + len(list(places))

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        print(sum(pool.map(work, range(100))))
