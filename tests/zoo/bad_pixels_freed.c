/* The pixels under a MEM dataset are freed before it: the next block of that size is what the dataset shows. */
#include "zoo.h"
#include <string.h>

enum { WIDTH = 64, HEIGHT = 64 };

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    CPLSetConfigOption("GDAL_MEM_ENABLE_OPEN", "YES");
    unsigned char *pixels = malloc(WIDTH * HEIGHT), read[4];
    memset(pixels, 7, WIDTH * HEIGHT);
    char name[200];
    snprintf(name, sizeof name, "MEM:::DATAPOINTER=%p,PIXELS=%d,LINES=%d,BANDS=1,DATATYPE=Byte", (void *)pixels, WIDTH, HEIGHT);
    GDALDatasetH dataset = GDALOpen(name, GA_ReadOnly); /* obtained */
    free(pixels);                                       /* used */
    unsigned char *others = malloc(WIDTH * HEIGHT);
    memset(others, 9, WIDTH * HEIGHT);
    if (GDALRasterIO(GDALGetRasterBand(dataset, 1), GF_Read, 30, 30, 2, 2, read, 2, 2, GDT_Byte, 0, 0) == CE_None)
        printf("%d\n", read[0]);
    GDALClose(dataset);
    free(others);
    return 0;
}
