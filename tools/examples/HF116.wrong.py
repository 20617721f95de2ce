from osgeo import ogr

seen = []
for number in range(100000):
    point = ogr.Geometry(ogr.wkbPoint)
    point.AddPoint_2D(number, number)
    seen.append(point)  # keeps every one of them
