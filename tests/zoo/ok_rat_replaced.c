/* The table that is set is copied: it may be changed and destroyed, and the band lends its own. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALCreate(GDALGetDriverByName("MEM"), "m", 8, 4, 1, GDT_Byte, NULL);
    GDALRasterBandH band = GDALGetRasterBand(dataset, 1);
    GDALRasterAttributeTableH table = GDALCreateRasterAttributeTable();
    GDALRATCreateColumn(table, "value", GFT_Integer, GFU_Generic);
    GDALRATSetValueAsInt(table, 0, 0, 11);
    GDALSetDefaultRAT(band, table);
    GDALRATSetValueAsInt(table, 0, 0, 22);
    printf("%s\n", GDALRATGetValueAsString(GDALGetDefaultRAT(band), 0, 0));
    GDALSetDefaultRAT(band, table);
    GDALDestroyRasterAttributeTable(table);
    printf("%s %s\n", GDALRATGetNameOfCol(GDALGetDefaultRAT(band), 0), GDALRATGetValueAsString(GDALGetDefaultRAT(band), 0, 0));
    GDALClose(dataset);
    return 0;
}
