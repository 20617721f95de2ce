from osgeo import ogr

point = ogr.CreateGeometryFromWkt("POINT (1 2)")
both = ogr.Geometry(ogr.wkbMultiPoint)
both.AddGeometryDirectly(point)  # `both` owns it from here on
point.Destroy()
print(both.GetGeometryCount())
