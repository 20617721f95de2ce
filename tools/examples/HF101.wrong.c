#include <gdal.h>
#include <stdio.h>

int main(void)
{
    GDALAllRegister();
    GDALDatasetH dataset = GDALCreate(GDALGetDriverByName("MEM"), "", 10, 10, 1, GDT_Byte, NULL);
    GDALRasterBandH band = GDALGetRasterBand(dataset, 1);
    GDALClose(dataset);
    printf("%d\n", GDALGetRasterBandXSize(band)); /* the band died with its dataset */
    return 0;
}
