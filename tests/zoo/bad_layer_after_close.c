/* A layer used after its dataset was closed. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALOpenEx("places.shp", GDAL_OF_VECTOR, NULL, NULL, NULL);
    OGRLayerH layer = GDALDatasetGetLayer(dataset, 0); /* obtained */
    GDALClose(dataset);                                /* freed */
    int features = (int)OGR_L_GetFeatureCount(layer, TRUE); /* used */
    printf("%d\n", features);
    return 0;
}
