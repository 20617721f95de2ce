/* ReleaseResultSet of NULL is allowed, and so is a statement without a result. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALOpenEx("places.shp", GDAL_OF_VECTOR, NULL, NULL, NULL);
    OGRLayerH result = GDALDatasetExecuteSQL(dataset, "SELECT * FROM places WHERE name > 'a'", NULL, NULL);
    GDALDatasetReleaseResultSet(dataset, result);
    result = NULL;
    GDALDatasetReleaseResultSet(dataset, result);
    GDALClose(dataset);
    printf("end\n");
    return 0;
}
