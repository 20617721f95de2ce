/* An overview band used after its dataset was closed. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALOpen("tiny.tif", GA_ReadOnly);
    GDALRasterBandH band = GDALGetRasterBand(dataset, 1);
    GDALRasterBandH child = GDALGetOverview(band, 0); /* obtained */
    GDALClose(dataset); /* freed */
    printf("%d\n", GDALChecksumImage(child, 0, 0, 10, 5)); /* used */
    return 0;
}
