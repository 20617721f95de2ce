"""Wrong: geometries that features lent are kept in lists and used when the features are gone."""
from osgeo import gdal, ogr

gdal.UseExceptions()
dataset = ogr.GetDriverByName("Memory").CreateDataSource("")
layer = dataset.CreateLayer("points")
for number in range(20):
    feature = ogr.Feature(layer.GetLayerDefn())
    feature.SetGeometry(ogr.CreateGeometryFromWkt("POINT (%d 1)" % number))
    layer.CreateFeature(feature)
feature = None


def collect():
    """Every one is kept; the feature of each is gone with the next one."""
    return [feature.GetGeometryRef() for feature in layer]


def last_of_all():
    """Only the last is kept: the others are let go while their features wait."""
    for feature in layer:
        kept = feature.GetGeometryRef()
        again = feature.GetGeometryRef()
        if kept.GetX() != again.GetX():
            raise SystemExit("two loans of one geometry differ")
    return kept


def read(geometries):
    values = []
    for geometry in geometries:
        try:
            values.append(geometry.GetX())
        except RuntimeError:
            values.append("refused")
    return values


first, second, last = collect(), collect(), last_of_all()
half = second[::2]
del second
values = [read(first), read(half), read([last])]
print("right" if values == [list(range(20)), list(range(0, 20, 2)), [19]] else "refused" if all(set(value) == {"refused"} for value in values) else values)
