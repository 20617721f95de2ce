#include <gdal.h>

int main(void)
{
    GDALAllRegister();
    GDALDatasetH dataset = GDALCreate(GDALGetDriverByName("GTiff"), "example.tif", 10, 10, 1, GDT_Byte, NULL);
    GDALFillRaster(GDALGetRasterBand(dataset, 1), 7, 0);
    GDALClose(dataset); /* writes what is left to write */
    return 0;
}
