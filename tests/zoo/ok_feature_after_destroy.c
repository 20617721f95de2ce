/* A loop that destroys each feature before it takes the next. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALOpenEx("places.shp", GDAL_OF_VECTOR, NULL, NULL, NULL);
    OGRLayerH layer = GDALDatasetGetLayer(dataset, 0);
    OGRFeatureH feature;
    while ((feature = OGR_L_GetNextFeature(layer)) != NULL)
    {
        printf("%d\n", (int)OGR_F_GetFID(feature));
        OGR_F_Destroy(feature);
    }
    GDALClose(dataset);
    return 0;
}
