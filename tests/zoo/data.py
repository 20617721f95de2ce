"""The test data of the zoo: a few small files, made with osgeo.

tiny.tif      20 x 10 bytes, one band, EPSG:32631, two overviews, nodata 0
palette.tif   4 x 4 bytes with a colour table
attributes.tif  4 x 4 bytes with a raster attribute table of three rows (in attributes.tif.aux.xml)
places.shp    layer places: three polygons (a to c), EPSG:4326
places.gpkg   the same
"""
import os

from osgeo import gdal, ogr, osr

SQUARES = [("a", 0), ("b", 10), ("c", 20)]


def make_tiny(folder):
    dataset = gdal.GetDriverByName("GTiff").Create(str(folder / "tiny.tif"), 20, 10)
    srs = osr.SpatialReference()
    srs.ImportFromEPSG(32631)
    dataset.SetProjection(srs.ExportToWkt())
    dataset.SetGeoTransform([500000, 10, 0, 4600000, 0, -10])
    dataset.GetRasterBand(1).SetNoDataValue(0)
    dataset.GetRasterBand(1).WriteRaster(0, 0, 20, 10, bytes(number % 251 for number in range(200)))
    dataset.FlushCache()
    dataset.BuildOverviews("NEAREST", [2, 4])


def make_palette(folder):
    dataset = gdal.GetDriverByName("GTiff").Create(str(folder / "palette.tif"), 4, 4)
    table = gdal.ColorTable()
    for number in range(4):
        table.SetColorEntry(number, (number * 10, number * 20, number * 30, 255))
    dataset.GetRasterBand(1).SetColorTable(table)
    dataset.GetRasterBand(1).WriteRaster(0, 0, 4, 4, bytes(range(4)) * 4)


def make_attributes(folder):
    dataset = gdal.GetDriverByName("GTiff").Create(str(folder / "attributes.tif"), 4, 4)
    table = gdal.RasterAttributeTable()
    table.CreateColumn("value", gdal.GFT_Integer, gdal.GFU_MinMax)
    table.SetRowCount(3)
    for row in range(3):
        table.SetValueAsInt(row, 0, row * 10)
    dataset.GetRasterBand(1).SetDefaultRAT(table)


def make_places(folder, driver, name):
    source = ogr.GetDriverByName(driver).CreateDataSource(str(folder / name))
    srs = osr.SpatialReference()
    srs.ImportFromEPSG(4326)
    layer = source.CreateLayer("places", srs, ogr.wkbPolygon)
    layer.CreateField(ogr.FieldDefn("name", ogr.OFTString))
    for name, x in SQUARES:
        feature = ogr.Feature(layer.GetLayerDefn())
        feature.SetField("name", name)
        feature.SetGeometry(ogr.CreateGeometryFromWkt("POLYGON ((%d 0,%d 1,%d 1,%d 0,%d 0))" % (x, x, x + 1, x + 1, x)))
        layer.CreateFeature(feature)


def make(folder):
    gdal.UseExceptions()
    make_tiny(folder)
    make_palette(folder)
    make_attributes(folder)
    make_places(folder, "ESRI Shapefile", "places.shp")
    make_places(folder, "GPKG", "places.gpkg")
    for path in folder.iterdir():
        os.utime(path, (1600000000, 1600000000))
