/* A layer used after it was deleted from its dataset. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALCreate(GDALGetDriverByName("Memory"), "m", 0, 0, 0, GDT_Unknown, NULL);
    OGRLayerH first = GDALDatasetCreateLayer(dataset, "first", NULL, wkbPoint, NULL), second = GDALDatasetCreateLayer(dataset, "second", NULL, wkbPoint, NULL); /* obtained */
    GDALDatasetDeleteLayer(dataset, 1); /* freed */
    int features = (int)OGR_L_GetFeatureCount(second, TRUE); /* used */
    printf("%d %s\n", features, OGR_L_GetName(first));
    GDALClose(dataset);
    return 0;
}
