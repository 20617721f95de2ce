#include <gdal_alg.h>
#include <stdio.h>
#include <stdlib.h>

int main(void)
{
    unsigned char *pixels = calloc(100, 1);
    char name[100];
    GDALAllRegister();
    snprintf(name, sizeof name, "MEM:::DATAPOINTER=%p,PIXELS=10,LINES=10", (void *)pixels);
    GDALDatasetH dataset = GDALOpen(name, GA_ReadOnly);
    printf("%d\n", GDALChecksumImage(GDALGetRasterBand(dataset, 1), 0, 0, 10, 10));
    GDALClose(dataset);
    free(pixels); /* after the dataset */
    return 0;
}
