from osgeo import gdal

dataset = gdal.GetDriverByName("MEM").Create("", 10, 10, 1)
gdal.GDALDestroyDriverManager()  # closes every dataset
print(dataset.RasterXSize)
