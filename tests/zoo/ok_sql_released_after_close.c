/* Two SQL results, each released once, in any order. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALOpenEx("places.shp", GDAL_OF_VECTOR, NULL, NULL, NULL);
    OGRLayerH result = GDALDatasetExecuteSQL(dataset, "SELECT * FROM places WHERE name > 'a'", NULL, NULL);
    OGRLayerH other = GDALDatasetExecuteSQL(dataset, "SELECT COUNT(*) FROM places", NULL, NULL);
    printf("%d %d\n", (int)OGR_L_GetFeatureCount(result, TRUE), (int)OGR_L_GetFeatureCount(other, TRUE));
    GDALDatasetReleaseResultSet(dataset, result);
    GDALDatasetReleaseResultSet(dataset, other);
    GDALClose(dataset);
    return 0;
}
