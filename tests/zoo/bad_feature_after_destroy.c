/* A feature used after it was destroyed. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALOpenEx("places.shp", GDAL_OF_VECTOR, NULL, NULL, NULL);
    OGRLayerH layer = GDALDatasetGetLayer(dataset, 0);
    OGRFeatureH thing = OGR_L_GetNextFeature(layer); /* obtained */
    OGR_F_Destroy(thing); /* freed */
    int value = (int)OGR_F_GetFID(thing); /* used */
    printf("%d\n", value);
    GDALClose(dataset);
    return 0;
}
