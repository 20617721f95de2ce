"""Errors and how programs live with them: exceptions on and off, error handlers in Python, cancelled work, None handles."""
from osgeo import gdal, ogr, osr

# Without exceptions: NULL results and the last error.
gdal.DontUseExceptions()
ogr.DontUseExceptions()
gdal.PushErrorHandler("CPLQuietErrorHandler")
print(gdal.Open("missing.tif"), gdal.GetLastErrorType(), gdal.GetLastErrorMsg())
print(ogr.Open("missing.shp"), gdal.OpenEx("points.txt", allowed_drivers=["GTiff"]), ogr.CreateGeometryFromWkt("POINT (1"))
ds = gdal.Open("rgb.tif")
print(ds.GetRasterBand(9), ds.GetRasterBand(1).ReadAsArray(500, 500, 10, 10), ds.GetLayer(0))
print(ds.GetRasterBand(1).GetOverview(0), ds.GetRasterBand(1).GetColorTable(), ds.GetRasterBand(1).GetDefaultRAT())
gdal.PopErrorHandler()
gdal.ErrorReset()

# A handler written in Python, which calls GDAL itself.
heard = []


def handler(error_class, number, message):
    other = gdal.Open("dem.tif")
    heard.append((error_class, number, message, other.GetRasterBand(1).XSize))


gdal.PushErrorHandler(handler)
gdal.Error(gdal.CE_Warning, 42, "a warning")
gdal.Open("no such file")
gdal.PopErrorHandler()
print(heard)

# With exceptions.
gdal.UseExceptions()
ogr.UseExceptions()
osr.UseExceptions()
for attempt in (lambda: gdal.Open("missing.tif"), lambda: ds.GetRasterBand(9), lambda: ogr.Open("missing.shp"),
                lambda: ogr.CreateGeometryFromWkt("nonsense"), lambda: osr.SpatialReference("nonsense"),
                lambda: gdal.Translate("", "rgb.tif", format="NoSuchFormat"), lambda: ds.GetRasterBand(1).ReadRaster(500, 500, 9, 9)):
    try:
        print("no exception", attempt())
    except Exception as error:
        print(type(error).__name__, str(error)[:70])


osr.DontUseExceptions()
ogr.DontUseExceptions()
gdal.DontUseExceptions()


# Cancelled by the progress callback; a callback that raises.
def cancel(fraction, message, data):
    return 0 if fraction > 0.3 else 1


def stumble(fraction, message, data):
    raise ValueError("stumbled")


with open("handler.log", "w") as log:
    gdal.PushErrorHandler(lambda kind, number, message: log.write("%d %d %s\n" % (kind, number, message)))
    print("cancelled", gdal.Warp("cancelled.tif", "rgb.tif", width=400, height=400, callback=cancel) is None)
    print("driver", gdal.GetDriverByName("NoSuchDriver"), gdal.GetDriverByName("GTiff").ShortName)
    gdal.PopErrorHandler()
print(gdal.GetLastErrorMsg() != "")
gdal.UseExceptions()

# An exception with frames that hold handles; used by whoever catches it.
def fails():
    inner = gdal.Open("dem.tif")
    band = inner.GetRasterBand(1)
    raise LookupError(band.XSize)


try:
    fails()
except LookupError as error:
    frame = error.__traceback__.tb_next.tb_frame
    print(error, frame.f_locals["band"].Checksum())
    del frame
print("closing", ds.GetRasterBand(1).Checksum())
