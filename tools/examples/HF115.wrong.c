#include <gdal.h>

int main(void)
{
    GDALAllRegister();
    GDALDatasetH dataset = GDALCreate(GDALGetDriverByName("GTiff"), "example.tif", 10, 10, 1, GDT_Byte, NULL);
    GDALFillRaster(GDALGetRasterBand(dataset, 1), 7, 0);
    return 0; /* and the file was never written to its end */
}
