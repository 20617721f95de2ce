/* A dataset without a file is closed before the mosaic that was made of it. */
#include "zoo.h"
#include <gdal_utils.h>

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH file = GDALOpen("tiny.tif", GA_ReadOnly);
    GDALDatasetH sources[] = {GDALCreateCopy(GDALGetDriverByName("MEM"), "", file, FALSE, NULL, NULL, NULL)};
    GDALClose(file);
    GDALDatasetH mosaic = GDALBuildVRT("", 1, sources, NULL, NULL, NULL); /* obtained */
    GDALRasterBandH band = GDALGetRasterBand(mosaic, 1);                  /* obtained2 */
    GDALClose(sources[0]);                                                /* freed */
    printf("%d\n", GDALChecksumImage(band, 0, 0, 20, 10));                /* used */
    GDALClose(mosaic);
    return 0;
}
