/* A band used, and its dataset closed, after the driver manager closed everything. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALOpen("tiny.tif", GA_ReadOnly); /* obtained2 */
    GDALRasterBandH band = GDALGetRasterBand(dataset, 1); /* obtained */
    GDALDestroyDriverManager(); /* freed */
    int width = GDALGetRasterBandXSize(band); /* used */
    (void)width;
    GDALClose(dataset); /* used2 */
    printf("still here\n");
    return 0;
}
