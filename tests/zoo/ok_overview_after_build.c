/* Overviews of which more are built: those that stay may be used on, the others are fetched again. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALCreate(GDALGetDriverByName("MEM"), "m", 8, 4, 1, GDT_Byte, NULL);
    GDALRasterBandH band = GDALGetRasterBand(dataset, 1);
    int levels[] = {2, 4};
    GDALFillRaster(band, 5, 0);
    if (GDALBuildOverviews(dataset, "NEAREST", 1, levels, 0, NULL, NULL, NULL) != CE_None)
        return 1;
    GDALRasterBandH overview = GDALGetOverview(band, 0);
    if (GDALBuildOverviews(dataset, "NEAREST", 1, levels + 1, 0, NULL, NULL, NULL) != CE_None)
        return 1;
    printf("%d %d\n", GDALGetRasterBandXSize(overview), GDALGetRasterBandXSize(band));
    if (GDALBuildOverviews(dataset, "NEAREST", 0, NULL, 0, NULL, NULL, NULL) != CE_None)
        return 1;
    if (GDALBuildOverviews(dataset, "NEAREST", 1, levels, 0, NULL, NULL, NULL) != CE_None)
        return 1;
    printf("%d\n", GDALGetRasterBandXSize(GDALGetOverview(band, 0)));
    GDALClose(dataset);
    return 0;
}
