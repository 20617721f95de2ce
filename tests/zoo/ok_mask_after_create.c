/* The mask band is fetched again after CreateMaskBand; overviews and the band itself are not touched by it. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH tiny = GDALOpen("tiny.tif", GA_ReadOnly);
    GDALDatasetH dataset = GDALCreateCopy(GDALGetDriverByName("MEM"), "m", tiny, FALSE, NULL, NULL, NULL);
    GDALClose(tiny);
    int levels[] = {2};
    if (GDALBuildOverviews(dataset, "NEAREST", 1, levels, 0, NULL, NULL, NULL) != CE_None)
        return 1;
    GDALRasterBandH band = GDALGetRasterBand(dataset, 1), overview = GDALGetOverview(band, 0);
    printf("%d\n", GDALChecksumImage(GDALGetMaskBand(band), 0, 0, 20, 10));
    GDALCreateMaskBand(band, GMF_PER_DATASET);
    printf("%d\n", GDALChecksumImage(GDALGetMaskBand(band), 0, 0, 20, 10));
    printf("%d %d\n", GDALGetRasterBandXSize(overview), GDALGetRasterBandXSize(band));
    GDALClose(dataset);
    return 0;
}
