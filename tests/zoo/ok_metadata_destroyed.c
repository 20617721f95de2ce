/* Metadata is lent, lists of files and domains are the caller's. */
#include "zoo.h"
#include <cpl_string.h>
int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALCreate(GDALGetDriverByName("MEM"), "m", 8, 4, 1, GDT_Byte, NULL);
    GDALSetMetadataItem(dataset, "COLOUR", "green", NULL);
    char **copy = CSLDuplicate(GDALGetMetadata(dataset, NULL)), **domains = GDALGetMetadataDomainList(dataset), **files = GDALGetFileList(dataset);
    printf("%s %d\n", copy[0], CSLCount(domains));
    CSLDestroy(copy);
    CSLDestroy(domains);
    CSLDestroy(files);
    GDALClose(dataset);
    return 0;
}
