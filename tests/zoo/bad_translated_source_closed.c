/* GDALTranslate made a virtual dataset, whose source is closed first; for any other format that would be right. */
#include "zoo.h"
#include <gdal_utils.h>

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH source = GDALOpen("tiny.tif", GA_ReadOnly);
    char *words[] = {"-of", "VRT", NULL};
    GDALTranslateOptions *options = GDALTranslateOptionsNew(words, NULL);
    GDALDatasetH copy = GDALTranslate("", source, options, NULL); /* obtained */
    GDALTranslateOptionsFree(options);
    GDALRasterBandH band = GDALGetRasterBand(copy, 1);     /* obtained2 */
    GDALClose(source);                                     /* freed */
    printf("%d\n", GDALChecksumImage(band, 0, 0, 20, 10)); /* used */
    GDALClose(copy);
    return 0;
}
