/* A helper that hands the dataset to its caller as well. */
#include "zoo.h"

static GDALRasterBandH band_of(const char *path, GDALDatasetH *dataset)
{
    *dataset = GDALOpen(path, GA_ReadOnly);
    return GDALGetRasterBand(*dataset, 1);
}

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset;
    printf("%d\n", GDALChecksumImage(band_of("tiny.tif", &dataset), 0, 0, 20, 10));
    GDALClose(dataset);
    return 0;
}
