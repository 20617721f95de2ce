/* An SQL result is released on another dataset, and a layer that is no result is released like one. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH places = GDALOpenEx("places.gpkg", GDAL_OF_VECTOR, NULL, NULL, NULL);
    GDALDatasetH shapes = GDALOpenEx("places.shp", GDAL_OF_VECTOR, NULL, NULL, NULL);
    OGRLayerH result = GDALDatasetExecuteSQL(places, "SELECT * FROM places", NULL, NULL); /* obtained */
    printf("%d\n", (int)OGR_L_GetFeatureCount(result, 1));
    GDALDatasetReleaseResultSet(shapes, result); /* used */
    OGRLayerH layer = GDALDatasetGetLayer(places, 0); /* obtained2 */
    GDALDatasetReleaseResultSet(places, layer); /* used2 */
    GDALClose(shapes);
    GDALClose(places);
    return 0;
}
