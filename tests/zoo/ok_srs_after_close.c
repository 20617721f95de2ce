/* A clone of the spatial reference outlives the dataset. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALOpen("tiny.tif", GA_ReadOnly);
    OGRSpatialReferenceH srs = OSRClone(GDALGetSpatialRef(dataset));
    GDALClose(dataset);
    printf("%d\n", OSRIsProjected(srs));
    OSRDestroySpatialReference(srs);
    return 0;
}
