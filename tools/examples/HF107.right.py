from osgeo import ogr

place = ogr.Feature(ogr.FeatureDefn("places"))
place.SetGeometry(ogr.CreateGeometryFromWkt("POINT (1 2)"))
place.SetGeometry(ogr.CreateGeometryFromWkt("POINT (3 4)"))
print(place.GetGeometryRef().GetX())  # fetched after the change
