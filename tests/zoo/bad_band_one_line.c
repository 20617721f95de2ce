/* The one-line form in C: a helper that closes what it opened and returns the band. */
#include "zoo.h"

static GDALRasterBandH band_of(const char *path)
{
    GDALDatasetH dataset = GDALOpen(path, GA_ReadOnly);
    GDALRasterBandH band = GDALGetRasterBand(dataset, 1); /* obtained */
    GDALClose(dataset);                                   /* freed */
    return band;
}

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    printf("%d\n", GDALChecksumImage(band_of("tiny.tif"), 0, 0, 20, 10)); /* used */
    return 0;
}
