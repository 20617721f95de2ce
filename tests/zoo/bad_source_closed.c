/* The source of a virtual dataset is closed by force: its reference in the virtual dataset does not keep it. */
#include "zoo.h"
#include <gdal_vrt.h>

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH source = GDALOpen("tiny.tif", GA_ReadOnly);
    GDALDatasetH virtual = VRTCreate(20, 10); /* obtained */
    GDALAddBand(virtual, GDT_Byte, NULL);
    GDALRasterBandH band = GDALGetRasterBand(virtual, 1); /* obtained2 */
    VRTAddSimpleSource(band, GDALGetRasterBand(source, 1), 0, 0, 20, 10, 0, 0, 20, 10, NULL, VRT_NODATA_UNSET);
    GDALClose(source);                                          /* freed */
    printf("%d\n", GDALChecksumImage(band, 0, 0, 20, 10));      /* used */
    GDALClose(virtual);
    return 0;
}
