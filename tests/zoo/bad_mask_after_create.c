/* A mask band kept over CreateMaskBand, which replaces it: it goes on to say that all is valid. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALCreate(GDALGetDriverByName("MEM"), "m", 8, 4, 1, GDT_Byte, NULL);
    GDALRasterBandH band = GDALGetRasterBand(dataset, 1);
    GDALRasterBandH mask = GDALGetMaskBand(band); /* obtained */
    GDALCreateMaskBand(band, GMF_PER_DATASET); /* freed */
    int value = GDALChecksumImage(mask, 0, 0, 8, 4); /* used */
    printf("%d\n", value);
    GDALClose(dataset);
    return 0;
}
