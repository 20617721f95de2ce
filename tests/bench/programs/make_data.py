"""The data of the programs, below the current folder, made with osgeo.  make_data.py raster SIDE | vector FEATURES

raster.tif    SIDE x SIDE bytes, tiled, EPSG:32631
places.gpkg   layer places, FEATURES polygons with a number and a name, EPSG:4326
"""
import sys

from osgeo import gdal, ogr, osr

gdal.UseExceptions()


def srs_of(code):
    srs = osr.SpatialReference()
    srs.ImportFromEPSG(code)
    return srs


def make_raster(side):
    dataset = gdal.GetDriverByName("GTiff").Create("raster.tif", side, side, 1, gdal.GDT_Byte, ["TILED=YES"])
    dataset.SetProjection(srs_of(32631).ExportToWkt())
    dataset.SetGeoTransform([500000, 10, 0, 4600000, 0, -10])
    line = bytes(number % 251 for number in range(side + 251))
    rows = 256
    for top in range(0, side, rows):
        height = min(rows, side - top)
        block = b"".join(line[row % 251:row % 251 + side] for row in range(top, top + height))
        dataset.GetRasterBand(1).WriteRaster(0, top, side, height, block)
    dataset.FlushCache()


def make_vector(count):
    source = ogr.GetDriverByName("GPKG").CreateDataSource("places.gpkg")
    layer = source.CreateLayer("places", srs_of(4326), ogr.wkbPolygon)
    layer.CreateField(ogr.FieldDefn("number", ogr.OFTInteger))
    layer.CreateField(ogr.FieldDefn("name", ogr.OFTString))
    source.StartTransaction()
    for number in range(count):
        x, y = number % 3600 / 10 - 180, number // 3600 % 1700 / 10 - 85
        feature = ogr.Feature(layer.GetLayerDefn())
        feature.SetField(0, number)
        feature.SetField(1, "place %d" % number)
        feature.SetGeometryDirectly(ogr.CreateGeometryFromWkt("POLYGON ((%f %f,%f %f,%f %f,%f %f))" % (x, y, x + .1, y, x, y + .1, x, y)))
        layer.CreateFeature(feature)
    source.CommitTransaction()


{"raster": make_raster, "vector": make_vector}[sys.argv[1]](int(sys.argv[2]))
