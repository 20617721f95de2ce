from osgeo import ogr

place = ogr.Feature(ogr.FeatureDefn("places"))
place.SetGeometry(ogr.CreateGeometryFromWkt("POINT (1 2)"))
old = place.GetGeometryRef()
place.SetGeometry(ogr.CreateGeometryFromWkt("POINT (3 4)"))  # destroys the old one
print(old.GetX())
