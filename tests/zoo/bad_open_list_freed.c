/* The library's list of open datasets freed by the caller. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALCreate(GDALGetDriverByName("MEM"), "m", 8, 4, 1, GDT_Byte, NULL);
    GDALDatasetH *list = NULL;
    int number = 0;
    GDALGetOpenDatasets(&list, &number); /* obtained */
    printf("%d %d\n", number, GDALGetRasterCount(list[0]));
    CPLFree(list); /* used */
    GDALGetOpenDatasets(&list, &number);
    GDALClose(dataset);
    printf("end\n");
    return 0;
}
