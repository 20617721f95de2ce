from osgeo import ogr

both = ogr.CreateGeometryFromWkt("MULTIPOINT (1 2, 3 4)")
first = both.GetGeometryRef(0).Clone()  # a clone is ours
print(first.GetX())
first.Destroy()
