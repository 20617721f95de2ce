/* The other layers of a dataset live on when one is deleted; and so does a feature of the deleted one. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALCreate(GDALGetDriverByName("Memory"), "m", 0, 0, 0, GDT_Unknown, NULL);
    OGRLayerH first = GDALDatasetCreateLayer(dataset, "first", NULL, wkbPoint, NULL), second = GDALDatasetCreateLayer(dataset, "second", NULL, wkbPoint, NULL);
    OGRFeatureH feature = OGR_F_Create(OGR_L_GetLayerDefn(first));
    if (OGR_L_CreateFeature(first, feature) != OGRERR_NONE)
        return 1;
    OGR_F_Destroy(feature);
    feature = OGR_L_GetNextFeature(first);
    GDALDatasetDeleteLayer(dataset, 0);
    printf("%d %s\n", (int)OGR_F_GetFID(feature), OGR_L_GetName(second));
    OGR_F_Destroy(feature);
    GDALClose(dataset);
    return 0;
}
