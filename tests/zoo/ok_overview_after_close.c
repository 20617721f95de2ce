/* The overview band is used before the dataset is closed. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALOpen("tiny.tif", GA_ReadOnly);
    GDALRasterBandH band = GDALGetRasterBand(dataset, 1);
    GDALRasterBandH child = GDALGetOverview(band, 0);
    printf("%d\n", GDALChecksumImage(child, 0, 0, 10, 5));
    GDALClose(dataset);
    return 0;
}
