/* A layer used after an SQL statement dropped its table. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = OGROpen("places.gpkg", TRUE, NULL);
    OGRLayerH layer = OGR_DS_GetLayerByName(dataset, "places"); /* obtained */
    OGR_DS_ExecuteSQL(dataset, "DROP TABLE places", NULL, NULL); /* freed */
    printf("%d\n", (int)OGR_L_GetFeatureCount(layer, TRUE)); /* used */
    OGRReleaseDataSource(dataset);
    return 0;
}
