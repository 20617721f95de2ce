/* The datasets of a mosaic are closed after it, or released before; those of a copy may go at once. */
#include "zoo.h"
#include <gdal_utils.h>

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH sources[] = {GDALOpen("tiny.tif", GA_ReadOnly)};
    GDALDatasetH mosaic = GDALBuildVRT("", 1, sources, NULL, NULL, NULL);
    printf("%d\n", GDALChecksumImage(GDALGetRasterBand(mosaic, 1), 0, 0, 20, 10));
    GDALClose(mosaic);
    mosaic = GDALBuildVRT("", 1, sources, NULL, NULL, NULL);
    GDALReleaseDataset(sources[0]);
    printf("%d\n", GDALChecksumImage(GDALGetRasterBand(mosaic, 1), 0, 0, 20, 10));
    char *words[] = {"-of", "MEM", NULL};
    GDALTranslateOptions *options = GDALTranslateOptionsNew(words, NULL);
    GDALDatasetH copy = GDALTranslate("", mosaic, options, NULL);
    GDALTranslateOptionsFree(options);
    GDALClose(mosaic);
    printf("%d\n", GDALChecksumImage(GDALGetRasterBand(copy, 1), 0, 0, 20, 10));
    GDALClose(copy);
    return 0;
}
