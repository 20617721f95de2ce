"""osgeo: a dataset for each thread, one behind a lock for all, and one that is open when processes are forked and that only the parent uses."""
import concurrent.futures
import multiprocessing
import os
import sys
import threading

from osgeo import gdal, ogr, osr


def own(number):
    dataset = gdal.Open("tiny.tif")
    source = ogr.Open("places.shp")
    wgs84 = osr.SpatialReference()
    wgs84.ImportFromEPSG(4326)
    utm = osr.SpatialReference(dataset.GetProjection())
    transformation = osr.CoordinateTransformation(wgs84, utm)
    area = sum(feature.GetGeometryRef().Buffer(1).GetArea() for feature in source.GetLayer(0))
    return round(area) + dataset.GetRasterBand(1).Checksum() + round(transformation.TransformPoint(45, 3 + number % 3)[0])


def main():
    gdal.UseExceptions()
    os.chdir(sys.argv[1])
    shared, lock = gdal.Open("tiny.tif"), threading.Lock()

    def behind_lock(number):
        with lock:
            return shared.GetRasterBand(1).ReadRaster(number % 10, 0, 1, 1)[0]

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        print(sum(pool.map(own, range(60))), sum(pool.map(behind_lock, range(60))))
    with multiprocessing.get_context("fork").Pool(2) as pool:
        print(pool.map(own, range(6)))
        pool.close()
        pool.join()
    print(shared.GetRasterBand(1).Checksum())


if __name__ == "__main__":
    main()
