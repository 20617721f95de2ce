from osgeo import gdal


def select():
    dataset = gdal.GetDriverByName("Memory").Create("", 0, 0, 0)
    dataset.CreateLayer("places")
    return dataset.ExecuteSQL("SELECT * FROM places")  # the dataset ends here, its result set was not released


print(select().GetFeatureCount())
