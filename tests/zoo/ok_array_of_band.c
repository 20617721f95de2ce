/* GDALRasterBandAsMDArray makes the dataset a shared one: GDALClose drops a reference, and dataset and band live as long as the array. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALOpen("tiny.tif", GA_ReadOnly);
    GDALRasterBandH band = GDALGetRasterBand(dataset, 1);
    GDALMDArrayH array = GDALRasterBandAsMDArray(band);
    GDALClose(dataset);
    printf("%d %d\n", (int)GDALMDArrayGetTotalElementsCount(array), GDALChecksumImage(band, 0, 0, 20, 10));
    GDALMDArrayRelease(array);
    return 0;
}
