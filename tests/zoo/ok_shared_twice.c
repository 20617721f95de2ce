/* A shared dataset opened twice is one handle, and is closed twice. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH one = GDALOpenShared("tiny.tif", GA_ReadOnly);
    GDALDatasetH two = GDALOpenShared("tiny.tif", GA_ReadOnly);
    GDALRasterBandH band = GDALGetRasterBand(one, 1);
    GDALClose(one);
    printf("%d %d\n", one == two, GDALChecksumImage(band, 0, 0, 20, 10));
    GDALClose(two);
    GDALDatasetH three = GDALOpenShared("tiny.tif", GA_ReadOnly);
    printf("%d\n", GDALGetRasterXSize(three));
    GDALClose(three);
    return 0;
}
