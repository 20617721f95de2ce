/* Dataset, band and driver passed where any object is welcome. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALOpen("tiny.tif", GA_ReadOnly);
    GDALRasterBandH band = GDALGetRasterBand(dataset, 1);
    printf("%s %s %s\n", GDALGetDescription(dataset), GDALGetDescription(GDALGetDatasetDriver(dataset)), GDALGetMetadataItem(band, "NONE", NULL) == NULL ? "none" : "some");
    GDALClose(dataset);
    return 0;
}
