/* An ordinary layer is left to its dataset. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = OGROpen("places.shp", FALSE, NULL);
    OGRLayerH layer = OGR_DS_GetLayer(dataset, 0);
    printf("%s %d\n", OGR_L_GetName(layer), (int)OGR_L_GetFeatureCount(layer, TRUE));
    OGRReleaseDataSource(dataset);
    return 0;
}
