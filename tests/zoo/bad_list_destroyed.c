/* The list of metadata that a dataset lends is destroyed by who asked for it. */
#include "zoo.h"
#include <cpl_string.h>

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALOpen("tiny.tif", GA_ReadOnly);
    char **list = GDALGetMetadata(dataset, "IMAGE_STRUCTURE"); /* obtained */
    printf("%d\n", CSLCount(list));
    CSLDestroy(list); /* used */
    const char *value = GDALGetMetadataItem(dataset, "INTERLEAVE", "IMAGE_STRUCTURE");
    printf("%s\n", value != NULL ? value : "nothing");
    GDALClose(dataset);
    return 0;
}
