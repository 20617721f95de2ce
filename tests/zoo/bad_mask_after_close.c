/* A mask band used after its dataset was closed. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALOpen("tiny.tif", GA_ReadOnly);
    GDALRasterBandH band = GDALGetRasterBand(dataset, 1);
    GDALRasterBandH child = GDALGetMaskBand(band); /* obtained */
    GDALClose(dataset); /* freed */
    printf("%d\n", GDALChecksumImage(child, 0, 0, 20, 10)); /* used */
    return 0;
}
