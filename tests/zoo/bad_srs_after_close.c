/* The spatial reference of a dataset, used after the close. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALOpen("tiny.tif", GA_ReadOnly);
    OGRSpatialReferenceH srs = GDALGetSpatialRef(dataset); /* obtained */
    GDALClose(dataset);                                    /* freed */
    printf("%d\n", OSRIsProjected(srs));                   /* used */
    return 0;
}
