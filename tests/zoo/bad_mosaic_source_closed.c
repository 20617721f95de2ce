/* The datasets of a mosaic are closed before it. */
#include "zoo.h"
#include <gdal_utils.h>

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH sources[] = {GDALOpen("tiny.tif", GA_ReadOnly)};
    GDALDatasetH mosaic = GDALBuildVRT("", 1, sources, NULL, NULL, NULL); /* obtained */
    GDALClose(sources[0]);                                                /* freed */
    printf("%d\n", GDALChecksumImage(GDALGetRasterBand(mosaic, 1), 0, 0, 20, 10)); /* used */
    GDALClose(mosaic);
    return 0;
}
