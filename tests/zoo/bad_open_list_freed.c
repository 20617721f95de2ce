/* The library's list of open datasets freed by the caller. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALCreate(GDALGetDriverByName("MEM"), "m", 8, 4, 1, GDT_Byte, NULL);
    GDALRasterBandH band = GDALGetRasterBand(dataset, 1);
    GDALDatasetH *list = NULL;
    int number = 0;
    GDALGetOpenDatasets(&list, &number); /* obtained */
    printf("%d %d\n", number, GDALGetRasterCount(list[0]));
    CPLFree(list); /* used */
    GDALGetOpenDatasets(&list, &number);
    (void)band;
    GDALClose(dataset);
    printf("end\n");
    return 0;
}
