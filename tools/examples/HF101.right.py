from osgeo import gdal


def create():
    return gdal.GetDriverByName("MEM").Create("", 10, 10, 1)


dataset = create()  # kept as long as its bands are used
print(dataset.GetRasterBand(1).XSize)
