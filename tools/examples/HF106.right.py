from osgeo import gdal

dataset = gdal.GetDriverByName("Memory").Create("", 0, 0, 0)
dataset.CreateLayer("places")
result = dataset.ExecuteSQL("SELECT * FROM places")
print(result.GetFeatureCount())
dataset.ReleaseResultSet(result)  # before the dataset goes
