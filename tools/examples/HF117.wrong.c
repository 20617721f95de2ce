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
    free(pixels); /* the dataset reads them */
    printf("%d\n", GDALChecksumImage(GDALGetRasterBand(dataset, 1), 0, 0, 10, 10));
    GDALClose(dataset);
    return 0;
}
