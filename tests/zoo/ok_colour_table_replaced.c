/* A table that a band gave is cloned before it is replaced; the one that is set stays the caller's. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALCreate(GDALGetDriverByName("MEM"), "m", 8, 4, 1, GDT_Byte, NULL);
    GDALRasterBandH band = GDALGetRasterBand(dataset, 1);
    GDALColorTableH table = GDALCreateColorTable(GPI_RGB);
    GDALColorEntry entry = {10, 20, 30, 255};
    GDALSetColorEntry(table, 1, &entry);
    GDALSetRasterColorTable(band, table);
    GDALColorTableH old = GDALCloneColorTable(GDALGetRasterColorTable(band));
    entry.c1 = 99;
    GDALSetColorEntry(table, 1, &entry);
    GDALSetRasterColorTable(band, table);
    printf("%d %d %d\n", GDALGetColorEntry(old, 1)->c1, GDALGetColorEntry(table, 1)->c1, GDALGetColorEntry(GDALGetRasterColorTable(band), 1)->c1);
    GDALDestroyColorTable(old);
    GDALDestroyColorTable(table);
    GDALClose(dataset);
    return 0;
}
