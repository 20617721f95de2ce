/* A layer's definition used after its dataset was closed. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALOpenEx("places.shp", GDAL_OF_VECTOR, NULL, NULL, NULL);
    OGRLayerH layer = GDALDatasetGetLayer(dataset, 0);
    OGRFeatureDefnH definition = OGR_L_GetLayerDefn(layer); /* obtained */
    GDALClose(dataset);                                     /* freed */
    int fields = OGR_FD_GetFieldCount(definition);          /* used */
    printf("%d\n", fields);
    return 0;
}
