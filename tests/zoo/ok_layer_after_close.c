/* The layer is used before its dataset is closed. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALOpenEx("places.shp", GDAL_OF_VECTOR, NULL, NULL, NULL);
    OGRLayerH layer = GDALDatasetGetLayer(dataset, 0);
    printf("%d\n", (int)OGR_L_GetFeatureCount(layer, TRUE));
    GDALClose(dataset);
    return 0;
}
