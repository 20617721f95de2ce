"""Reference systems and transformations with osr: clones, comparisons, axis order, transformations that outlive their systems."""
from osgeo import gdal, ogr, osr

osr.UseExceptions()


def system(code):
    found = osr.SpatialReference()
    found.ImportFromEPSG(code)
    return found


def transformation(source, target):
    """Both systems die here; the transformation keeps what it needs."""
    return osr.CoordinateTransformation(system(source), system(target))


to_utm = transformation(4326, 32633)
print(["%.3f" % value for value in to_utm.TransformPoint(48.2, 16.4)])
print([["%.2f" % value for value in point] for point in to_utm.TransformPoints([(47 + n / 10, 15) for n in range(4)])])
print(["%.6f" % v for v in to_utm.GetInverse().TransformPoint(500000, 5300000)])
print(["%.1f" % v for v in to_utm.TransformBounds(47, 14, 48, 16, 21)])
traditional = system(4326)
traditional.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
options = osr.CoordinateTransformationOptions()
options.SetAreaOfInterest(9, 46, 17, 49)
other = osr.CoordinateTransformation(traditional, system(31287), options)
print(["%.2f" % v for v in other.TransformPoint(16.4, 48.2)])
clone = traditional.Clone()
del traditional
print(clone.IsSame(system(4326)), clone.IsGeographic(), clone.GetAuthorityCode(None), clone.GetAxisName(None, 0))
geographic = system(32633).CloneGeogCS()
print(geographic.GetName(), geographic.GetSemiMajor(), geographic.ExportToProj4())
for wkt in (system(3857).ExportToWkt(), system(3035).ExportToPrettyWkt(), system(32633).ExportToWkt(["FORMAT=WKT2_2019"]), system(25832).ExportToPROJJSON()[:200]):
    print(len(wkt), wkt[:60].replace("\n", " "))
line = ogr.CreateGeometryFromWkt("LINESTRING (48 16, 48.5 16.5)")
line.AssignSpatialReference(system(4326))
line.TransformTo(system(32633))
print(line.GetSpatialReference().GetName(), line.ExportToWkt()[:50])
line.Transform(to_utm.GetInverse())
reference = line.GetSpatialReference()
del line
print(reference.GetName())
made = osr.SpatialReference()
made.SetProjCS("made here")
made.SetWellKnownGeogCS("WGS84")
made.SetTM(0, 15, 0.9996, 500000, 0)
print(made.GetProjParm("central_meridian"), made.IsProjected())
ds = gdal.Open("rgb.tif")
reference = ds.GetSpatialRef()
print(reference.GetName(), ds.GetGCPSpatialRef())
del ds
print(reference.GetAuthorityCode("PROJCS"), [match.GetAuthorityCode(None) for match, confidence in system(4326).FindMatches()])
for n in range(200):
    transformation(4326, 3857).TransformPoint(10, n % 80)
print("many", [crs.code for crs in osr.GetCRSInfoListFromDatabase("EPSG") if crs.code in ("4326", "32633")])
