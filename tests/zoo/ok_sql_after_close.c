/* An SQL result is released before its dataset is closed. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALOpenEx("places.shp", GDAL_OF_VECTOR, NULL, NULL, NULL);
    OGRLayerH result = GDALDatasetExecuteSQL(dataset, "SELECT * FROM places WHERE name > 'a'", NULL, NULL);
    printf("%d\n", (int)OGR_L_GetFeatureCount(result, TRUE));
    GDALDatasetReleaseResultSet(dataset, result);
    GDALClose(dataset);
    return 0;
}
