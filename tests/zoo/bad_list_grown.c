/* Options for a copy are added to the list that the dataset lends: the dataset goes on with a list that was moved away. */
#include "zoo.h"
#include <cpl_string.h>

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALOpen("tiny.tif", GA_ReadOnly);
    char **list = GDALGetMetadata(dataset, NULL);      /* obtained */
    list = CSLSetNameValue(list, "INTERLEAVE", "BAND"); /* used */
    GDALDatasetH copy = GDALCreateCopy(GDALGetDriverByName("MEM"), "", dataset, FALSE, list, NULL, NULL);
    printf("%d\n", GDALGetRasterXSize(copy));
    printf("%s\n", GDALGetMetadataItem(dataset, "INTERLEAVE", NULL) == NULL ? "clean" : "an option of the copy");
    GDALClose(copy);
    GDALClose(dataset);
    return 0;
}
