from osgeo import gdal

driver = gdal.GetDriverByName("Memory")
one, other = driver.Create("", 0, 0, 0), driver.Create("", 0, 0, 0)
one.CreateLayer("places")
result = one.ExecuteSQL("SELECT * FROM places")
other.ReleaseResultSet(result)  # it is a result of `one`
