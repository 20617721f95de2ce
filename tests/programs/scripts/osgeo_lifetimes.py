"""Lifetimes that look wrong and are right: handles that may outlive others, proxies that die late, rebound names, cycles, generators."""
import gc
import os

from osgeo import gdal, ogr, osr

gdal.UseExceptions()
ogr.UseExceptions()

# Rebinding in a loop: the old band proxy dies after its dataset, unused.
total = 0
for number in range(300):
    ds = gdal.Open("rgb.tif")
    band = ds.GetRasterBand(number % 3 + 1)
    total += band.XSize
print("loop", total)
layers = 0
for number in range(100):
    source = ogr.Open("areas.shp")
    layer = source.GetLayer(0)
    feature = layer.GetNextFeature()
    geometry = feature.GetGeometryRef()
    layers += geometry.GetGeometryCount()
print("features", layers)

# A function returns values, not handles; locals die in any order.
def size_of(name):
    ds = gdal.Open(name)
    band = ds.GetRasterBand(1)
    mask = band.GetMaskBand()
    return band.XSize, mask.YSize


print(size_of("rgb.tif"), size_of("dem.tif"))


# Cycles that only the collector frees, in an order of its own.
class Holder:
    def __init__(self, name):
        self.band_first = None
        self.dataset = gdal.Open(name)
        self.band_first = self.dataset.GetRasterBand(1)
        self.me = self


for number in range(50):
    Holder("dem.tif")
print("collected", gc.collect() > 0)


# A generator that is left in the middle.
def features(name):
    source = ogr.Open(name)
    for feature in source.GetLayer(0):
        yield feature["number"], feature.GetGeometryRef().GetArea()


walk = features("areas.shp")
print(next(walk)[0], next(walk)[0])
del walk

# What outlives its dataset by right: systems with a reference of their own, clones, what was detached.
ds = ogr.Open("areas.shp")
layer = ds.GetLayer(0)
reference = layer.GetSpatialRef()
feature = layer.GetNextFeature()
clone = feature.GetGeometryRef().Clone()
definition = layer.GetLayerDefn()
del feature, layer, ds
print(reference.GetName(), "%.1f" % clone.GetArea(), clone.GetSpatialReference().GetName())

# A geometry given to a feature and asked back.
definition = ogr.FeatureDefn("made")
feature = ogr.Feature(definition)
feature.SetGeometryDirectly(ogr.CreateGeometryFromWkt("POINT (1 2)"))
print(feature.GetGeometryRef().ExportToWkt(), feature.geometry().Clone().GetX())
collection = ogr.CreateGeometryFromWkt("GEOMETRYCOLLECTION (POINT (1 1), POLYGON ((0 0, 1 0, 1 1, 0 0)))")
names = [part.GetGeometryName() for part in collection]
print(names, collection.GetGeometryRef(1).GetGeometryRef(0).GetPoint_2D(2))

# Close what is open for update, then open it again at once; many open at a time, closed in no particular order.
for number in range(20):
    made = gdal.GetDriverByName("GTiff").Create("again.tif", 10, 10)
    made.GetRasterBand(1).Fill(number)
    made = None
    read = gdal.Open("again.tif")
    assert read.GetRasterBand(1).Checksum() >= 0 and read.GetRasterBand(1).ReadAsArray()[0][0] == number
    read = None
opened = [gdal.Open("rgb.tif") for number in range(40)]
bands = [ds.GetRasterBand(2) for ds in opened]
print("sum", sum(band.Checksum() for band in bands))
del opened[::2], bands[1::2]
bands.clear()
opened.clear()
print("open files", sum(1 for number in os.listdir("/proc/self/fd") if os.path.exists("/proc/self/fd/" + number) and os.readlink("/proc/self/fd/" + number).endswith(".tif")))
