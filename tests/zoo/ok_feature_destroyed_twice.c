/* Destroyed once; destroying NULL is allowed. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALOpenEx("places.shp", GDAL_OF_VECTOR, NULL, NULL, NULL);
    OGRLayerH layer = GDALDatasetGetLayer(dataset, 0);
    OGRFeatureH thing = OGR_L_GetNextFeature(layer);
    printf("%d\n", (int)OGR_F_GetFID(thing));
    OGR_F_Destroy(thing);
    thing = NULL;
    OGR_F_Destroy(thing);
    GDALClose(dataset);
    printf("end\n");
    return 0;
}
