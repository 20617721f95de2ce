#include <gdal.h>
#include <stdio.h>

int main(void)
{
    GDALAllRegister();
    GDALDatasetH dataset = GDALCreate(GDALGetDriverByName("MEM"), "", 10, 10, 1, GDT_Byte, NULL);
    GDALRasterBandH band = GDALGetRasterBand(dataset, 1);
    printf("%d\n", GDALGetRasterBandXSize(band));
    GDALClose(dataset); /* after the last use of its bands */
    return 0;
}
