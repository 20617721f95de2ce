"""What gdal.Warp(), gdal.Translate() and gdal.BuildVRT() make is kept while its bands are used; the views keep their sources."""
import os
import sys

from osgeo import gdal

os.chdir(sys.argv[1])
warped = gdal.Warp("", "tiny.tif", format="MEM", dstSRS="EPSG:4326")
band = warped.GetRasterBand(1)
print(band.XSize)
del band, warped
memory = gdal.GetDriverByName("MEM").CreateCopy("", gdal.Open("tiny.tif"))
views = [gdal.Translate("", memory, format="VRT"), gdal.BuildVRT("", [memory]), gdal.Warp("", memory, format="VRT", dstSRS="EPSG:4326")]
del memory
for view in views:
    print(view.GetRasterBand(1).Checksum())
