"""Raster algebra with osgeo: block by block, nodata, statistics, masks, overviews, colour and attribute tables, metadata."""
import numpy
from osgeo import gdal

gdal.UseExceptions()

# Block by block: a vegetation index with nodata.
source = gdal.Open("rgb.tif")
red, green = source.GetRasterBand(1), source.GetRasterBand(2)
target = gdal.GetDriverByName("GTiff").Create("index.tif", source.RasterXSize, source.RasterYSize, 1, gdal.GDT_Float32,
                                              ["TILED=YES", "COMPRESS=DEFLATE", "BLOCKXSIZE=32", "BLOCKYSIZE=32"])
target.SetGeoTransform(source.GetGeoTransform())
target.SetSpatialRef(source.GetSpatialRef())
out = target.GetRasterBand(1)
out.SetNoDataValue(-1)
width, height = out.GetBlockSize()
for top in range(0, source.RasterYSize, height):
    for left in range(0, source.RasterXSize, width):
        columns, rows = min(width, source.RasterXSize - left), min(height, source.RasterYSize - top)
        a = red.ReadAsArray(left, top, columns, rows).astype("f4")
        b = green.ReadAsArray(left, top, columns, rows).astype("f4")
        with numpy.errstate(divide="ignore", invalid="ignore"):
            out.WriteArray(numpy.where(a + b > 0, (a - b) / (a + b), -1), left, top)
out.SetDescription("index")
out.SetMetadataItem("formula", "(a - b) / (a + b)")
print("statistics", ["%.6f" % value for value in out.ComputeStatistics(False)])
print("histogram", out.GetHistogram(-1, 1, 8, True, False))
print("checksum", out.Checksum())
del out, red, green
target = source = None

# Masks: nodata, alpha, per dataset.
ds = gdal.Open("index.tif")
band = ds.GetRasterBand(1)
mask = band.GetMaskBand()
print("mask", band.GetMaskFlags(), mask.Checksum(), mask.GetMaskFlags())
print(ds.GetRasterBand(1).GetMaskBand().ReadAsArray(0, 0, 4, 2).tolist())
ds = None
band = mask = None

# Overviews, internal and external.
ds = gdal.Open("index.tif", gdal.GA_Update)
ds.BuildOverviews("AVERAGE", [2, 4])
band = ds.GetRasterBand(1)
for number in range(band.GetOverviewCount()):
    overview = band.GetOverview(number)
    print("overview", number, overview.XSize, overview.YSize, overview.Checksum())
    del overview
del band, ds
ds = gdal.Open("index.tif")
print([ds.GetRasterBand(1).GetOverview(n).XSize for n in range(ds.GetRasterBand(1).GetOverviewCount())])
del ds

# Palettes and attribute tables.
ds = gdal.GetDriverByName("GTiff").Create("classes.tif", 40, 30, 1, gdal.GDT_Byte)
band = ds.GetRasterBand(1)
colors = gdal.ColorTable()
for number in range(5):
    colors.SetColorEntry(number, (number * 50, 255 - number * 50, number, 255))
band.SetColorTable(colors)
band.SetRasterColorInterpretation(gdal.GCI_PaletteIndex)
table = gdal.RasterAttributeTable()
table.CreateColumn("value", gdal.GFT_Integer, gdal.GFU_MinMax)
table.CreateColumn("name", gdal.GFT_String, gdal.GFU_Name)
table.SetRowCount(5)
for number in range(5):
    table.SetValueAsInt(number, 0, number)
    table.SetValueAsString(number, 1, "class %d" % number)
band.SetDefaultRAT(table)
band.SetCategoryNames(["none", "one", "two", "three", "four"])
band.WriteArray((numpy.arange(1200).reshape(30, 40) // 250).astype("u1"))
del table, colors, band
ds = None
ds = gdal.Open("classes.tif")
band = ds.GetRasterBand(1)
colors = band.GetColorTable()
print([colors.GetColorEntry(n) for n in range(3)], colors.Clone().GetCount())
table = band.GetDefaultRAT()
print([table.GetValueAsString(n, 1) for n in range(table.GetRowCount())], band.GetCategoryNames())
del colors, table, band, ds

# Copies, fills, ground control points, sub-datasets of memory.
memory = gdal.GetDriverByName("MEM").CreateCopy("", gdal.Open("dem.tif"))
gdal.FillNodata(memory.GetRasterBand(1), None, 20, 1)
print("filled", memory.GetRasterBand(1).ComputeRasterMinMax(False))
memory.SetGCPs([gdal.GCP(500000 + n * 100, 5300000 - n * 70, 0, n, n * 2) for n in range(4)], memory.GetProjection())
print("points", [(point.GCPX, point.GCPLine) for point in memory.GetGCPs()])
gdal.GetDriverByName("PNG").CreateCopy("dem.png", gdal.Translate("", memory, format="MEM", outputType=gdal.GDT_Byte, scaleParams=[[200, 400]]))
gdal.SieveFilter(memory.GetRasterBand(1), None, memory.GetRasterBand(1), 4)
print("sieved", memory.GetRasterBand(1).Checksum())
memory = None
gdal.GetDriverByName("GTiff").Rename("renamed.tif", "classes.tif")
gdal.GetDriverByName("GTiff").CopyFiles("copied.tif", "renamed.tif")
gdal.GetDriverByName("GTiff").Delete("renamed.tif")
