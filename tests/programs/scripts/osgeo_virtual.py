"""Virtual files: /vsimem, /vsizip, /vsigzip, /vsisubfile; VSI calls; datasets shared between openers."""
import zipfile

from osgeo import gdal, ogr

gdal.UseExceptions()
with open("rgb.tif", "rb") as file:
    content = file.read()
gdal.FileFromMemBuffer("/vsimem/copy.tif", content)
ds = gdal.Open("/vsimem/copy.tif")
print("vsimem", ds.GetRasterBand(3).Checksum(), ds.GetFileList())
ds = None
gdal.Translate("/vsimem/small.png", "/vsimem/copy.tif", format="PNG", width=10, height=10)
print(sorted(gdal.ReadDir("/vsimem/")))
handle = gdal.VSIFOpenL("/vsimem/small.png", "rb")
print("bytes", gdal.VSIFReadL(1, 8, handle), gdal.VSIStatL("/vsimem/small.png").size > 8)
gdal.VSIFCloseL(handle)
gdal.Unlink("/vsimem/copy.tif")
for name in gdal.ReadDir("/vsimem/"):
    gdal.Unlink("/vsimem/" + name)
with zipfile.ZipFile("pack.zip", "w") as pack:
    for name in ("rgb.tif", "areas.shp", "areas.shx", "areas.dbf", "areas.prj"):
        information = zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0))
        pack.writestr(information, open(name, "rb").read())
print("zip", gdal.Open("/vsizip/pack.zip/rgb.tif").RasterXSize)
packed = gdal.Open("/vsizip/pack.zip/rgb.tif")
print(packed.GetRasterBand(1).Checksum())
packed = None
vectors = ogr.Open("/vsizip/pack.zip/areas.shp")
print([feature["number"] for feature in vectors.GetLayer(0)] if vectors else None)
print(gdal.Open("/vsisubfile/0_%d,rgb.tif" % len(content)).RasterCount)
first, second = gdal.OpenShared("rgb.tif"), gdal.OpenShared("rgb.tif")
bands = first.GetRasterBand(1), second.GetRasterBand(1)
print("shared", first.this == second.this, bands[0].Checksum())
del first
print(bands[1].Checksum(), second.RasterCount)
del bands, second
written = ogr.GetDriverByName("GPKG").CreateDataSource("/vsimem/made.gpkg")
layer = written.CreateLayer("one")
layer.CreateFeature(ogr.Feature(layer.GetLayerDefn()))
del layer
written = None
print(ogr.Open("/vsimem/made.gpkg").GetLayerCount(), gdal.VSIStatL("/vsimem/made.gpkg").IsDirectory())
gdal.Unlink("/vsimem/made.gpkg")
