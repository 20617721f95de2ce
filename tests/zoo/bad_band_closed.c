/* A band closed as if it were a dataset. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALOpen("tiny.tif", GA_ReadOnly);
    GDALRasterBandH band = GDALGetRasterBand(dataset, 1); /* obtained */
    GDALClose(band); /* used */
    printf("%d\n", GDALGetRasterBandXSize(band));
    GDALClose(dataset);
    return 0;
}
