/* An SQL result is released on its own dataset, an ordinary layer is left to it. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH places = GDALOpenEx("places.gpkg", GDAL_OF_VECTOR, NULL, NULL, NULL);
    OGRLayerH result = GDALDatasetExecuteSQL(places, "SELECT * FROM places", NULL, NULL);
    printf("%d\n", (int)OGR_L_GetFeatureCount(result, 1));
    GDALDatasetReleaseResultSet(places, result);
    printf("%d\n", (int)OGR_L_GetFeatureCount(GDALDatasetGetLayer(places, 0), 1));
    GDALClose(places);
    return 0;
}
