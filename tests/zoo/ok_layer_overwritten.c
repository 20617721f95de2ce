/* The new layer is used, and another one that was not touched. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALOpenEx("places.gpkg", GDAL_OF_VECTOR | GDAL_OF_UPDATE, NULL, NULL, NULL);
    CPLSetConfigOption("OGR_CURRENT_DATE", "2020-01-01T00:00:00.000Z");
    OGRLayerH other = OGR_DS_CopyLayer(dataset, OGR_DS_GetLayer(dataset, 0), "other", NULL);
    char *options[] = {"OVERWRITE=YES", NULL};
    OGRLayerH layer = OGR_DS_CreateLayer(dataset, "places", NULL, wkbPoint, options);
    printf("%d %d\n", (int)OGR_L_GetFeatureCount(layer, TRUE), (int)OGR_L_GetFeatureCount(other, TRUE));
    GDALClose(dataset);
    return 0;
}
