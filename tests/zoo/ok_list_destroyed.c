/* A copy of a lent list, and lists that functions make for the caller, are destroyed by who has them. */
#include "zoo.h"
#include <cpl_string.h>

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALOpen("tiny.tif", GA_ReadOnly);
    char **list = CSLDuplicate(GDALGetMetadata(dataset, "IMAGE_STRUCTURE"));
    list = CSLSetNameValue(list, "MORE", "YES");
    printf("%d\n", CSLCount(list));
    CSLDestroy(list);
    const char *value = GDALGetMetadataItem(dataset, "INTERLEAVE", "IMAGE_STRUCTURE");
    printf("%s\n", value != NULL ? value : "nothing");
    CSLDestroy(GDALGetFileList(dataset));
    CSLDestroy(GDALGetMetadataDomainList(dataset));
    GDALClose(dataset);
    for (int i = 0; i < 100; i++)
    {
        list = CSLAddString(NULL, "one");
        list = CSLAddString(list, "two");
        CSLDestroy(list);
    }
    return 0;
}
