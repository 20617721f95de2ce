/* Sources of a mosaic that need not be kept: a file (the mosaic opens it again), a dataset without a file that is released and not closed,
 * the source of a copy. */
#include "zoo.h"
#include <gdal_utils.h>

static void show(GDALDatasetH dataset)
{
    printf("%d\n", GDALChecksumImage(GDALGetRasterBand(dataset, 1), 0, 0, 20, 10));
}

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH sources[] = {GDALOpen("tiny.tif", GA_ReadOnly)};
    GDALDatasetH mosaic = GDALBuildVRT("", 1, sources, NULL, NULL, NULL);
    GDALClose(sources[0]);
    show(mosaic);
    GDALDatasetH copy = GDALCreateCopy(GDALGetDriverByName("MEM"), "", mosaic, FALSE, NULL, NULL, NULL);
    GDALClose(mosaic);
    show(copy);

    sources[0] = copy;
    mosaic = GDALBuildVRT("", 1, sources, NULL, NULL, NULL);
    GDALReleaseDataset(copy);
    show(mosaic);
    char *words[] = {"-of", "MEM", NULL};
    GDALTranslateOptions *options = GDALTranslateOptionsNew(words, NULL);
    copy = GDALTranslate("", mosaic, options, NULL);
    GDALTranslateOptionsFree(options);
    GDALClose(mosaic);
    show(copy);
    GDALClose(copy);
    return 0;
}
