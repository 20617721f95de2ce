"""Make the inputs of the tests in the current folder: small rasters and vectors, the same every time."""
import numpy
from osgeo import gdal, ogr, osr

gdal.UseExceptions()
utm = osr.SpatialReference()
utm.ImportFromEPSG(32633)
wgs84 = osr.SpatialReference()
wgs84.ImportFromEPSG(4326)
wgs84.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)


def raster(name, array, left, top, step, nodata=None):
    bands, height, width = array.shape
    kind = gdal.GDT_Float32 if array.dtype == numpy.float32 else gdal.GDT_Byte
    ds = gdal.GetDriverByName("GTiff").Create(name, width, height, bands, kind)
    ds.SetProjection(utm.ExportToWkt())
    ds.SetGeoTransform((left, step, 0, top, 0, -step))
    for number in range(bands):
        band = ds.GetRasterBand(number + 1)
        if nodata is not None:
            band.SetNoDataValue(nodata)
        band.WriteArray(array[number])
    band = None
    ds = None


row, column = numpy.mgrid[0:90, 0:120]
rgb = numpy.stack([(row * 2 + column) % 256, (row * column) % 256, (column * 3) % 256]).astype(numpy.uint8)
raster("rgb.tif", rgb, 500000, 5300000, 10)
raster("east.tif", rgb[:, :, ::-1], 501200, 5300000, 10)
dem = (300 + 40 * numpy.sin(row / 9.0) + 25 * numpy.cos(column / 7.0)).astype(numpy.float32)
dem[:6, :8] = -9999
raster("dem.tif", dem[numpy.newaxis], 500000, 5300000, 10, -9999)


def vector(driver, name, options=()):
    ds = gdal.GetDriverByName(driver).Create(name, 0, 0, 0, gdal.GDT_Unknown)
    layer = ds.CreateLayer("areas", utm if driver != "GeoJSON" else wgs84, ogr.wkbPolygon, list(options))
    for field, kind in (("name", ogr.OFTString), ("number", ogr.OFTInteger), ("size", ogr.OFTReal)):
        layer.CreateField(ogr.FieldDefn(field, kind))
    for number in range(12):
        if driver == "GeoJSON":
            x, y, step = 15 + number * 0.01, 47.8, 0.004
        else:
            x, y, step = 500000 + number * 90, 5299500, 35
        hole = "" if number % 3 else ", (%r %r, %r %r, %r %r, %r %r)" % (
            x + step / 4, y + step / 4, x + step / 2, y + step / 4, x + step / 4, y + step / 2, x + step / 4, y + step / 4)
        wkt = "POLYGON ((%r %r, %r %r, %r %r, %r %r, %r %r)%s)" % (x, y, x + step, y, x + step, y + step, x, y + step, x, y, hole)
        feature = ogr.Feature(layer.GetLayerDefn())
        feature.SetField("name", "area %d" % number)
        feature.SetField("number", number)
        feature.SetField("size", number * 1.25)
        feature.SetGeometry(ogr.CreateGeometryFromWkt(wkt))
        layer.CreateFeature(feature)
    layer = None
    ds = None


vector("ESRI Shapefile", "areas.shp", ["DBF_DATE_LAST_UPDATE=2020-01-01"])
vector("GPKG", "areas.gpkg")
vector("GeoJSON", "areas.geojson")
with open("points.txt", "w") as out:
    out.write("15 48\n15.5 47.5\n14.2 48.9\n")
