/* Each result set is released on its own dataset, and none is no mistake. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH first = GDALOpenEx("places.shp", GDAL_OF_VECTOR, NULL, NULL, NULL);
    GDALDatasetH second = GDALOpenEx("places.gpkg", GDAL_OF_VECTOR, NULL, NULL, NULL);
    OGRLayerH one = OGR_DS_ExecuteSQL(first, "SELECT * FROM places WHERE name > 'a'", NULL, NULL);
    OGRLayerH two = OGR_DS_ExecuteSQL(second, "SELECT * FROM places WHERE name > 'b'", NULL, NULL);
    printf("%d %d\n", (int)OGR_L_GetFeatureCount(one, TRUE), (int)OGR_L_GetFeatureCount(two, TRUE));
    OGR_DS_ReleaseResultSet(first, one);
    OGR_DS_ReleaseResultSet(second, two);
    OGR_DS_ReleaseResultSet(second, NULL);
    GDALClose(first);
    GDALClose(second);
    return 0;
}
