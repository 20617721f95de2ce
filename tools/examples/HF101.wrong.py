from osgeo import gdal


def first_band():
    dataset = gdal.GetDriverByName("MEM").Create("", 10, 10, 1)
    return dataset.GetRasterBand(1)  # the dataset ends here, and the band with it


print(first_band().XSize)
