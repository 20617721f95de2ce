/* An overview band kept over a BuildOverviews that removes the overviews. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALCreate(GDALGetDriverByName("MEM"), "m", 8, 4, 1, GDT_Byte, NULL);
    GDALRasterBandH band = GDALGetRasterBand(dataset, 1);
    int levels[] = {2};
    GDALFillRaster(band, 5, 0);
    if (GDALBuildOverviews(dataset, "NEAREST", 1, levels, 0, NULL, NULL, NULL) != CE_None)
        return 1;
    GDALRasterBandH overview = GDALGetOverview(band, 0); /* obtained */
    if (GDALBuildOverviews(dataset, "NEAREST", 0, NULL, 0, NULL, NULL, NULL) != CE_None) /* freed */
        return 1;
    int width = GDALGetRasterBandXSize(overview); /* used */
    printf("%d\n", width);
    GDALClose(dataset);
    return 0;
}
