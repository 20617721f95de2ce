/* An SQL result used after its dataset was closed. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALOpenEx("places.shp", GDAL_OF_VECTOR, NULL, NULL, NULL);
    OGRLayerH result = GDALDatasetExecuteSQL(dataset, "SELECT * FROM places WHERE name > 'a'", NULL, NULL); /* obtained */
    GDALClose(dataset); /* freed */
    int features = (int)OGR_L_GetFeatureCount(result, TRUE); /* used */
    printf("%d\n", features);
    return 0;
}
