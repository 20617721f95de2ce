/* A result set released on another dataset. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH first = GDALOpenEx("places.shp", GDAL_OF_VECTOR, NULL, NULL, NULL);
    GDALDatasetH second = GDALOpenEx("places.gpkg", GDAL_OF_VECTOR, NULL, NULL, NULL);
    OGRLayerH result = OGR_DS_ExecuteSQL(second, "SELECT * FROM places WHERE name > 'a'", NULL, NULL); /* obtained */
    OGR_DS_ReleaseResultSet(first, result); /* used */
    GDALClose(first);
    GDALClose(second); /* used2 */
    printf("end\n");
    return 0;
}
