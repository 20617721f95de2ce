/* An SQL result released after its dataset was closed. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALOpenEx("places.shp", GDAL_OF_VECTOR, NULL, NULL, NULL); /* obtained2 */
    OGRLayerH result = GDALDatasetExecuteSQL(dataset, "SELECT * FROM places WHERE name > 'a'", NULL, NULL); /* obtained */
    printf("%d\n", (int)OGR_L_GetFeatureCount(result, TRUE));
    GDALClose(dataset); /* freed */
    GDALDatasetReleaseResultSet(dataset, result); /* used */
    printf("end\n");
    return 0;
}
