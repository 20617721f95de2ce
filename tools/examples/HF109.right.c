#include <gdal.h>
#include <stdio.h>

int main(void)
{
    GDALAllRegister();
    GDALDatasetH dataset = GDALCreate(GDALGetDriverByName("MEM"), "", 10, 10, 1, GDT_Byte, NULL);
    GDALRasterBandH band = GDALGetRasterBand(dataset, 1);
    printf("%d\n", GDALGetRasterBandXSize(band)); /* the function for bands */
    GDALClose(dataset);
    return 0;
}
