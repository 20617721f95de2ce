from osgeo import gdal, ogr

dataset = gdal.GetDriverByName("Memory").Create("", 0, 0, 0)
places = dataset.CreateLayer("places")
places.CreateField(ogr.FieldDefn("name", ogr.OFTString))
place = ogr.Feature(places.GetLayerDefn())
places.DeleteField(0)
print(place.IsFieldSet(0))  # `place` is laid out after the old fields
