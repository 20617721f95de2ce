"""The utilities as functions: Info, Translate, Warp, VectorTranslate, BuildVRT, DEMProcessing, Rasterize, Grid, Polygonize, with progress."""
from osgeo import gdal, ogr

gdal.UseExceptions()
steps = []


def progress(fraction, message, data):
    steps.append(round(fraction, 2))
    return 1


info = gdal.Info("rgb.tif", format="json", computeChecksum=True)
print(info["size"], [band["checksum"] for band in info["bands"]])
ds = gdal.Translate("half.tif", "rgb.tif", widthPct=50, heightPct=50, bandList=[3, 1], resampleAlg="average", callback=progress)
print(ds.RasterXSize, ds.RasterCount, [ds.GetRasterBand(n + 1).Checksum() for n in range(2)])
ds = None
print("progress", steps[0], steps[-1], sorted(steps) == steps)
ds = gdal.Warp("warped.tif", ["rgb.tif", "east.tif"], dstSRS="EPSG:4326", resampleAlg="bilinear", multithread=True,
               warpOptions=["NUM_THREADS=2"], callback=progress)
print(ds.RasterXSize, ds.RasterYSize, ds.GetRasterBand(2).Checksum())
del ds
memory = gdal.Warp("", "dem.tif", format="MEM", xRes=20, yRes=20, cutlineDSName="areas.shp", cropToCutline=True)
print("cut", memory.RasterXSize, memory.RasterYSize, memory.GetRasterBand(1).Checksum())
source = gdal.Open("rgb.tif")
vrt = gdal.BuildVRT("mosaic.vrt", [source, gdal.Open("east.tif")])
print("vrt", vrt.RasterXSize, vrt.GetRasterBand(1).Checksum())
vrt.FlushCache()
vrt = source = None
for kind in ("hillshade", "slope", "aspect", "TRI", "roughness"):
    ds = gdal.DEMProcessing("dem_%s.tif" % kind, "dem.tif", kind)
    print(kind, ds.GetRasterBand(1).Checksum())
    ds = None
for name, form in (("areas_out.shp", "ESRI Shapefile"), ("areas_out.gpkg", "GPKG"), ("areas_out.geojson", "GeoJSON")):
    options = {"ESRI Shapefile": ["DBF_DATE_LAST_UPDATE=2020-01-01"]}.get(form)
    ds = gdal.VectorTranslate(name, "areas.gpkg", format=form, dstSRS="EPSG:4326", layerCreationOptions=options or [],
                              SQLStatement="SELECT * FROM areas WHERE number < 7", reproject=True)
    print(form, ds.GetLayer(0).GetFeatureCount())
    ds = None
burned = gdal.GetDriverByName("GTiff").Create("burned.tif", 120, 90, 1)
burned.SetGeoTransform(gdal.Open("rgb.tif").GetGeoTransform())
burned.SetProjection(gdal.Open("rgb.tif").GetProjection())
vectors = gdal.OpenEx("areas.shp", gdal.OF_VECTOR)
gdal.RasterizeLayer(burned, [1], vectors.GetLayer(0), options=["ATTRIBUTE=number"])
gdal.Rasterize(burned, "areas.gpkg", bands=[1], burnValues=[200], where="number = 3")
print("burned", burned.GetRasterBand(1).Checksum())
polygons = ogr.GetDriverByName("Memory").CreateDataSource("")
layer = polygons.CreateLayer("polygons")
layer.CreateField(ogr.FieldDefn("value", ogr.OFTInteger))
gdal.Polygonize(burned.GetRasterBand(1), burned.GetRasterBand(1).GetMaskBand(), layer, 0, callback=progress)
print("polygons", layer.GetFeatureCount(), sum(feature["value"] for feature in layer))
contours = polygons.CreateLayer("contours")
contours.CreateField(ogr.FieldDefn("id", ogr.OFTInteger))
gdal.ContourGenerate(memory.GetRasterBand(1), 10, 0, [], 1, -9999, contours, 0, -1)
print("contours", contours.GetFeatureCount())
layer = contours = polygons = vectors = memory = None
burned = None
ds = gdal.Open("mosaic.vrt")
options = gdal.TranslateOptions(format="PNG", projWin=[500000, 5300000, 500900, 5299400])
ds = gdal.Translate("window.png", ds, options=options)
print("png", ds.GetRasterBand(1).Checksum())
ds = None
proximity = gdal.GetDriverByName("MEM").Create("", 120, 90, 1, gdal.GDT_Float32)
burned = gdal.Open("burned.tif")
gdal.ComputeProximity(burned.GetRasterBand(1), proximity.GetRasterBand(1))
print("proximity", proximity.GetRasterBand(1).Checksum())
