"""shapely 2: threads that make, share and drop geometries, each call with a context of its own."""
# needs shapely>=2
# (shapely 1.8 has one context for all threads, and calls GEOS without the GIL: in threads it breaks the rules of GEOS by itself.)
import concurrent.futures

from shapely.geometry import Point, box
from shapely.prepared import prep
from shapely.strtree import STRtree

shared = Point(0, 0).buffer(10)
tree = STRtree([box(n, 0, n + 1, 1) for n in range(50)])


def work(number):
    area = Point(number, 0).buffer(5).intersection(box(-5, -5, number + 1, 5))
    found = len(tree.query(box(number % 40, 0, number % 40 + 2, 1))) + shared.contains(Point(number % 12, 0))
    return found + round(area.area + sum(prep(area).contains(Point(x, 0)) for x in range(10)), 6)


with concurrent.futures.ThreadPoolExecutor(8) as pool:
    print(round(sum(pool.map(work, range(200))), 6))
