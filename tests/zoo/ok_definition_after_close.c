/* A definition that is referenced outlives its layer. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALOpenEx("places.shp", GDAL_OF_VECTOR, NULL, NULL, NULL);
    OGRLayerH layer = GDALDatasetGetLayer(dataset, 0);
    OGRFeatureDefnH definition = OGR_L_GetLayerDefn(layer);
    OGR_FD_Reference(definition);
    GDALClose(dataset);
    printf("%d\n", OGR_FD_GetFieldCount(definition));
    OGR_FD_Release(definition);
    return 0;
}
