"""Vector editing with osgeo: create, read, filter, edit, transactions, SQL, schema changes, geometries in and out of features."""
from osgeo import gdal, ogr, osr

ogr.UseExceptions()
gdal.UseExceptions()
srs = osr.SpatialReference()
srs.ImportFromEPSG(32633)

# Reading, filtering, geometries of features while the features live.
source = ogr.Open("areas.shp")
layer = source.GetLayer()
print(layer.GetName(), layer.GetFeatureCount(), ["%.1f" % v for v in layer.GetExtent()], layer.GetSpatialRef().GetName())
for feature in layer:
    geometry = feature.GetGeometryRef()
    ring = geometry.GetGeometryRef(0)
    print(feature.GetFID(), feature["name"], feature.GetField("size"), geometry.GetGeometryCount(), ring.GetPointCount(), ring.GetPoint(0)[:2])
layer.SetAttributeFilter("number > 5")
layer.SetSpatialFilterRect(500000, 5299000, 500800, 5300000)
print([feature.GetFID() for feature in layer])
layer.SetAttributeFilter(None)
layer.SetSpatialFilter(None)
definition = layer.GetLayerDefn()
print([(definition.GetFieldDefn(n).GetName(), definition.GetFieldDefn(n).GetTypeName()) for n in range(definition.GetFieldCount())])

# Geometries that outlive their feature are clones.
kept = [feature.GetGeometryRef().Clone() for feature in layer]
union = kept[0]
for geometry in kept[1:]:
    union = union.Union(geometry)
print("union %.1f" % union.GetArea(), union.GetGeometryName(), union.IsValid(), union.ConvexHull().ExportToWkt()[:40])
print("buffer %.1f" % union.Buffer(10).GetArea(), "%.1f" % union.Centroid().GetX(), union.GetEnvelope())

# A new GeoPackage, in a transaction.
target = gdal.GetDriverByName("GPKG").Create("edited.gpkg", 0, 0, 0, gdal.GDT_Unknown)
out = target.CreateLayer("parts", srs, ogr.wkbPolygon)
out.CreateField(ogr.FieldDefn("label", ogr.OFTString))
out.CreateField(ogr.FieldDefn("spare", ogr.OFTInteger))
target.StartTransaction()
for number, geometry in enumerate(kept):
    feature = ogr.Feature(out.GetLayerDefn())
    feature["label"] = "part %d" % number
    if number % 2:
        feature.SetGeometryDirectly(geometry.Clone())
    else:
        feature.SetGeometry(geometry)
    out.CreateFeature(feature)
    feature = None
target.CommitTransaction()
target.StartTransaction()
out.DeleteFeature(3)
target.RollbackTransaction()
print("after rollback", out.GetFeatureCount())
feature = out.GetFeature(4)
feature.SetField("label", "changed")
feature.GetGeometryRef().Segmentize(10)
out.SetFeature(feature)
feature = None
out.DeleteFeature(5)
out.DeleteField(out.GetLayerDefn().GetFieldIndex("spare"))
out.AlterFieldDefn(0, ogr.FieldDefn("title", ogr.OFTString), ogr.ALTER_NAME_FLAG)

# SQL: results are released while their dataset lives.
result = target.ExecuteSQL("SELECT COUNT(*) AS n, MAX(title) AS t FROM parts")
row = result.GetNextFeature()
print("sql", row["n"], row["t"])
row = None
target.ReleaseResultSet(result)
result = target.ExecuteSQL("SELECT title FROM parts WHERE title LIKE 'part 1%' ORDER BY title", None, "SQLITE")
print([row["title"] for row in result])
target.ReleaseResultSet(result)
copy = target.CopyLayer(out, "copied")
print(copy.GetName(), target.GetLayerCount(), [target.GetLayer(n).GetName() for n in range(target.GetLayerCount())])
target.DeleteLayer(1)
out = copy = definition = None
target = None

# The same again, read back; features read with GetFeature, layers by name, iteration in iteration.
again = ogr.Open("edited.gpkg")
parts = again.GetLayerByName("parts")
print([(feature.GetFID(), feature["title"], "%.1f" % feature.geometry().GetArea()) for feature in parts])
for one in parts:
    print(one.ExportToJson()[:60])
    break
parts.ResetReading()
first = parts.GetNextFeature()
same = parts.GetFeature(first.GetFID())
print("equal", first.Equal(same), first.Clone().GetFID())
moved = ogr.Feature(parts.GetLayerDefn())
moved.SetFrom(first)
print(moved.GetField(0), moved.geometry().GetGeometryType())

# Geometry collections: added copies and given originals.
collection = ogr.Geometry(ogr.wkbGeometryCollection)
point = ogr.Geometry(ogr.wkbPoint)
point.AddPoint_2D(1, 2)
collection.AddGeometry(point)
collection.AddGeometryDirectly(ogr.CreateGeometryFromWkt("LINESTRING (0 0, 1 1)"))
collection.AddGeometry(ogr.CreateGeometryFromJson('{"type": "Point", "coordinates": [3, 4]}'))
collection.RemoveGeometry(0)
print(collection.ExportToWkt(), [collection.GetGeometryRef(n).GetGeometryName() for n in range(collection.GetGeometryCount())])
print(ogr.ForceToMultiPoint(point).ExportToWkt(), ogr.ForceToPolygon(kept[0]).GetGeometryName())
del first, same, moved, one, parts, again, layer, source
print("done")
