"""Handles that live in the allocator: features, geometries, references and datasets, made and freed by four threads."""
import threading

from osgeo import gdal, ogr, osr

gdal.UseExceptions()
ogr.UseExceptions()
osr.UseExceptions()
sums = [0] * 4


def work(number):
    for turn in range(60):
        dataset = gdal.GetDriverByName("Memory").Create("", 0, 0, 0)
        system = osr.SpatialReference()
        system.ImportFromEPSG(4326)
        layer = dataset.CreateLayer("layer", system)
        for fid in range(20):
            feature = ogr.Feature(layer.GetLayerDefn())
            feature.SetGeometry(ogr.CreateGeometryFromWkt("POLYGON((0 0,0 %d,%d 1,0 0))" % (fid + 1, turn + 1)))
            layer.CreateFeature(feature)
        for feature in layer:
            wider = feature.GetGeometryRef().Buffer(1, 2)
            sums[number] += wider.GetGeometryRef(0).GetPointCount() + len(feature.GetGeometryRef().ExportToWkt())
        del wider, feature, layer, dataset, system


threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(sums)
