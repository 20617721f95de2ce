from osgeo import gdal

dataset = gdal.GetDriverByName("MEM").Create("", 10, 10, 1)
print(dataset.RasterXSize)
dataset = None
gdal.GDALDestroyDriverManager()  # after all handles
