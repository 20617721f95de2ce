/* A layer used after one of the same name was created in its place. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALOpenEx("places.gpkg", GDAL_OF_VECTOR | GDAL_OF_UPDATE, NULL, NULL, NULL);
    OGRLayerH layer = OGR_DS_GetLayer(dataset, 0); /* obtained */
    char *options[] = {"OVERWRITE=YES", NULL};
    OGR_DS_CreateLayer(dataset, "places", NULL, wkbPoint, options); /* freed */
    printf("%d\n", (int)OGR_L_GetFeatureCount(layer, TRUE)); /* used */
    GDALClose(dataset);
    return 0;
}
