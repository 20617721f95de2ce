/* The dataset of the band is closed, also when only the band is at hand. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALRasterBandH band = GDALGetRasterBand(GDALOpen("tiny.tif", GA_ReadOnly), 1);
    printf("%d\n", GDALGetRasterBandXSize(band));
    GDALClose(GDALGetBandDataset(band));
    return 0;
}
