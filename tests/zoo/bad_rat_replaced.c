/* The attribute table of a band kept over SetDefaultRAT. */
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
    GDALRasterAttributeTableH old = GDALGetDefaultRAT(band); /* obtained */
    GDALRATSetValueAsInt(table, 0, 0, 22);
    GDALSetDefaultRAT(band, table); /* freed */
    int rows = GDALRATGetRowCount(old); /* used */
    printf("%d\n", rows);
    GDALDestroyRasterAttributeTable(table);
    GDALClose(dataset);
    return 0;
}
