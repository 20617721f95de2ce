/* The source of a virtual dataset is released, not closed: the virtual dataset keeps it. A shared one may be closed. */
#include "zoo.h"
#include <gdal_vrt.h>

static void show(GDALDatasetH source, int shared)
{
    GDALDatasetH virtual = VRTCreate(20, 10);
    GDALAddBand(virtual, GDT_Byte, NULL);
    GDALRasterBandH band = GDALGetRasterBand(virtual, 1);
    VRTAddSimpleSource(band, GDALGetRasterBand(source, 1), 0, 0, 20, 10, 0, 0, 20, 10, NULL, VRT_NODATA_UNSET);
    if (shared)
        GDALClose(source);
    else
        GDALReleaseDataset(source);
    printf("%d\n", GDALChecksumImage(band, 0, 0, 20, 10));
    GDALClose(virtual);
}

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    show(GDALOpen("tiny.tif", GA_ReadOnly), 0);
    show(GDALOpenShared("tiny.tif", GA_ReadOnly), 1);
    return 0;
}
