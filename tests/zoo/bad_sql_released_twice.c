/* An SQL result released twice. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALOpenEx("places.shp", GDAL_OF_VECTOR, NULL, NULL, NULL);
    OGRLayerH result = GDALDatasetExecuteSQL(dataset, "SELECT * FROM places WHERE name > 'a'", NULL, NULL); /* obtained */
    GDALDatasetReleaseResultSet(dataset, result); /* freed */
    GDALDatasetReleaseResultSet(dataset, result); /* used */
    GDALClose(dataset);
    printf("end\n");
    return 0;
}
