/* The colour table of a band kept over SetRasterColorTable, which deletes it and puts a copy of the new one in its place. */
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
    GDALColorTableH old = GDALGetRasterColorTable(band); /* obtained */
    entry.c1 = 99;
    GDALSetColorEntry(table, 1, &entry);
    GDALSetRasterColorTable(band, table); /* freed */
    int entries = GDALGetColorEntryCount(old); /* used */
    printf("%d\n", entries);
    GDALDestroyColorTable(table);
    GDALClose(dataset);
    return 0;
}
