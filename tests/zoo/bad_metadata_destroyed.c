/* The metadata that a dataset lends destroyed by the borrower. */
#include "zoo.h"
#include <cpl_string.h>
int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALCreate(GDALGetDriverByName("MEM"), "m", 8, 4, 1, GDT_Byte, NULL);
    GDALSetMetadataItem(dataset, "COLOUR", "green", NULL);
    char **list = GDALGetMetadata(dataset, NULL); /* obtained */
    printf("%s\n", list[0]);
    CSLDestroy(list); /* used */
    GDALClose(dataset);
    printf("end\n");
    return 0;
}
