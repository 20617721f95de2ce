/* Another layer is dropped, this one stays. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = OGROpen("places.gpkg", TRUE, NULL);
    OGRLayerH layer = OGR_DS_GetLayerByName(dataset, "places");
    CPLSetConfigOption("OGR_CURRENT_DATE", "2020-01-01T00:00:00.000Z");
    OGR_DS_CopyLayer(dataset, layer, "other", NULL);
    OGR_DS_ExecuteSQL(dataset, "DROP TABLE other", NULL, NULL);
    printf("%d %d\n", OGR_DS_GetLayerCount(dataset), (int)OGR_L_GetFeatureCount(layer, TRUE));
    OGRReleaseDataSource(dataset);
    return 0;
}
