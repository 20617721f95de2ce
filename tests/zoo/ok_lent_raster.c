/* What datasets and bands lend, by every function that lends it: used while its owner lives, freed with it. */
#include "zoo.h"

static void lend_of_dataset(void)
{
    GDALDatasetH dataset = GDALCreate(GDALGetDriverByName("MEM"), "m", 8, 8, 1, GDT_Byte, NULL);
    OGRSpatialReferenceH srs = OSRNewSpatialReference(NULL);
    OSRImportFromEPSG(srs, 4326);
    GDAL_GCP point = {.pszId = "1", .pszInfo = "", .dfGCPX = 1};
    GDALSetSpatialRef(dataset, srs);
    printf("%d\n", OSRIsGeographic(GDALGetSpatialRef(dataset)));
    GDALSetGCPs2(dataset, 1, &point, srs);
    printf("%d\n", OSRIsGeographic(GDALGetGCPSpatialRef(dataset)));
    printf("%s\n", GDALGetDescription(GDALGetDatasetDriver(dataset)));
    OSRRelease(srs);

    GDALRasterAttributeTableH table = GDALCreateRasterAttributeTable();
    GDALRATCreateColumn(table, "value", GFT_Integer, GFU_Generic);
    GDALSetDefaultRAT(GDALGetRasterBand(dataset, 1), table);
    GDALDestroyRasterAttributeTable(table);
    printf("%d\n", GDALRATGetColumnCount(GDALGetDefaultRAT(GDALGetRasterBand(dataset, 1))));
    GDALClose(dataset);
}

static void lend_of_file(void)
{
    printf("%s\n", GDALGetDescription(GDALIdentifyDriver("tiny.tif", NULL)));
    printf("%s\n", GDALGetDescription(GDALIdentifyDriverEx("tiny.tif", GDAL_OF_RASTER, NULL, NULL)));
    GDALDatasetH dataset = GDALOpen("tiny.tif", GA_ReadOnly);
    GDALRasterBandH band = GDALGetRasterBand(dataset, 1);
    printf("%d\n", GDALGetRasterBandXSize(GDALGetOverview(band, 0)));
    printf("%d\n", GDALGetRasterBandXSize(GDALGetMaskBand(band)));
    GDALClose(dataset);
    dataset = GDALOpen("tiny.tif", GA_ReadOnly);
    printf("%d\n", GDALGetRasterBandXSize(GDALGetRasterSampleOverview(GDALGetRasterBand(dataset, 1), 10)));
    GDALClose(dataset);
    dataset = GDALOpen("tiny.tif", GA_ReadOnly);
    printf("%d\n", GDALGetRasterBandXSize(GDALGetRasterSampleOverviewEx(GDALGetRasterBand(dataset, 1), 10)));
    GDALClose(dataset);
    dataset = GDALOpen("palette.tif", GA_ReadOnly);
    printf("%d\n", GDALGetColorEntryCount(GDALGetRasterColorTable(GDALGetRasterBand(dataset, 1))));
    GDALClose(dataset);
}

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    printf("%d\n", GDALGetDriver(0) != NULL);
    lend_of_dataset();
    lend_of_file();
    return 0;
}
