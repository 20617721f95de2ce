/* A band used after dataset and array are gone; while the array lived, the dataset did. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALOpen("tiny.tif", GA_ReadOnly);
    GDALRasterBandH band = GDALGetRasterBand(dataset, 1); /* obtained */
    GDALMDArrayH array = GDALRasterBandAsMDArray(band);
    GDALMDArrayRelease(array);
    GDALClose(dataset); /* freed */
    int checksum = GDALChecksumImage(band, 0, 0, 20, 10); /* used */
    printf("%d\n", checksum);
    return 0;
}
