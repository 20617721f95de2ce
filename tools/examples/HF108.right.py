from osgeo import gdal, ogr

dataset = gdal.GetDriverByName("Memory").Create("", 0, 0, 0)
places = dataset.CreateLayer("places")
places.CreateField(ogr.FieldDefn("name", ogr.OFTString))
place = ogr.Feature(places.GetLayerDefn())
print(place.IsFieldSet(0))
place = None  # before the fields change
places.DeleteField(0)
