/* Options for a copy are added to a copy of the list that the dataset lends. */
#include "zoo.h"
#include <cpl_string.h>

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALOpen("tiny.tif", GA_ReadOnly);
    char **list = CSLDuplicate(GDALGetMetadata(dataset, NULL));
    list = CSLSetNameValue(list, "INTERLEAVE", "BAND");
    GDALDatasetH copy = GDALCreateCopy(GDALGetDriverByName("MEM"), "", dataset, FALSE, list, NULL, NULL);
    printf("%d\n", GDALGetRasterXSize(copy));
    printf("%s\n", GDALGetMetadataItem(dataset, "INTERLEAVE", NULL) == NULL ? "clean" : "an option of the copy");
    CSLDestroy(list);
    GDALClose(copy);
    GDALClose(dataset);
    return 0;
}
