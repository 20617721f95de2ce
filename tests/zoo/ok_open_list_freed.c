/* The library's list of open datasets is read, and left to the library. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALCreate(GDALGetDriverByName("MEM"), "m", 8, 4, 1, GDT_Byte, NULL);
    GDALDatasetH *list = NULL;
    int number = 0;
    GDALGetOpenDatasets(&list, &number);
    printf("%d %d\n", number, list[0] == dataset);
    GDALDatasetH other = GDALOpen("tiny.tif", GA_ReadOnly);
    GDALGetOpenDatasets(&list, &number);
    printf("%d %s\n", number, GDALGetDescription(list[0]) != NULL ? "named" : "unnamed");
    GDALClose(other);
    GDALClose(dataset);
    printf("end\n");
    return 0;
}
