/* How bindings close: GDALDereferenceDataset() <= 0, then GDALClose(). */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALOpen("tiny.tif", GA_ReadOnly);
    GDALReferenceDataset(dataset);
    if (GDALDereferenceDataset(dataset) <= 0)
        printf("too early\n");
    printf("%d\n", GDALGetRasterXSize(dataset));
    if (GDALDereferenceDataset(dataset) <= 0)
        GDALClose(dataset);
    GDALDatasetH other = GDALOpen("tiny.tif", GA_ReadOnly);
    printf("%d\n", GDALReleaseDataset(other));
    return 0;
}
