/* A clone of the colour table outlives the dataset. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALOpen("palette.tif", GA_ReadOnly);
    GDALColorTableH table = GDALCloneColorTable(GDALGetRasterColorTable(GDALGetRasterBand(dataset, 1)));
    GDALClose(dataset);
    printf("%d\n", GDALGetColorEntry(table, 3)->c2);
    GDALDestroyColorTable(table);
    return 0;
}
