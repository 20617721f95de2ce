/* A colour table read after its dataset was closed. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALOpen("palette.tif", GA_ReadOnly);
    GDALColorTableH table = GDALGetRasterColorTable(GDALGetRasterBand(dataset, 1)); /* obtained */
    GDALClose(dataset);                                                             /* freed */
    const GDALColorEntry *entry = GDALGetColorEntry(table, 3);                      /* used */
    printf("%d\n", entry != NULL ? entry->c2 : -1);
    return 0;
}
