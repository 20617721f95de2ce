from osgeo import ogr

point = ogr.CreateGeometryFromWkt("POINT (1 2)")
both = ogr.Geometry(ogr.wkbMultiPoint)
both.AddGeometry(point)  # copies: `point` stays ours
point.Destroy()
print(both.GetGeometryCount())
