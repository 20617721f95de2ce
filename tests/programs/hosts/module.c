/* A module as a host loads and unloads one: it calls GDAL, and keeps nothing. */
#include <gdal.h>

int module_width(const char *raster, int wrong)
{
    GDALAllRegister();
    GDALDatasetH dataset = GDALOpen(raster, GA_ReadOnly);
    GDALRasterBandH band = GDALGetRasterBand(dataset, 1);
    if (wrong)
        GDALClose(dataset);
    int width = GDALGetRasterBandXSize(band); /* the late use of a module */
    if (!wrong)
        GDALClose(dataset);
    return width;
}
