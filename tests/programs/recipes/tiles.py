"""What the workers of fleet_test.py do: each task makes a raster of its own and reads it; the task that is told so uses a band after its dataset."""
import os

from osgeo import gdal


def checksum(number, wrong, folder):
    """(number, process, sum) of tile `number`."""
    gdal.UseExceptions()
    path = os.path.join(folder, "tile%d.tif" % number)
    made = gdal.GetDriverByName("GTiff").Create(path, 16, 16)
    made.GetRasterBand(1).Fill(number)
    made = None
    dataset = gdal.Open(path)
    band = dataset.GetRasterBand(1)
    if wrong:
        del dataset
    return number, os.getpid(), band.Checksum()  # the mistake of the wrong task


def partition(numbers, wrong, folder):
    for number in numbers:
        yield checksum(number, number == wrong, folder)
