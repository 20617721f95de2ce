/* The band is used first, then its dataset is closed. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALOpen("tiny.tif", GA_ReadOnly);
    GDALRasterBandH band = GDALGetRasterBand(dataset, 1);
    printf("%d\n", GDALChecksumImage(band, 0, 0, 20, 10));
    GDALClose(dataset);
    return 0;
}
