/* A band is closed like a dataset. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH raster = GDALOpen("tiny.tif", GA_ReadOnly);
    GDALRasterBandH band = GDALGetRasterBand(raster, 1); /* obtained */
    GDALClose(band);                                     /* used */
    printf("%d\n", GDALGetRasterXSize(raster));
    GDALClose(raster);
    return 0;
}
