"""An array of points, and predicates on it.  shapely_points.py COUNT"""
import sys

import numpy
import shapely

count = int(sys.argv[1])
points = shapely.points(numpy.linspace(0, 1, count), numpy.linspace(0, 2, count))
box = shapely.box(0, 0, 0.5, 2)
shapely.prepare(box)
print(int(shapely.contains(box, points).sum()), int(shapely.intersects(points, box).sum()), round(float(shapely.get_x(points).sum()), 1))
