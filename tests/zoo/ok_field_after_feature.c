/* A feature of which Holdfast may postpone the free, for its geometry was looked at, is destroyed before fields are created: it must really go before
 * the layer changes. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALCreate(GDALGetDriverByName("Memory"), "", 0, 0, 0, GDT_Unknown, NULL);
    OGRLayerH layer = GDALDatasetCreateLayer(dataset, "towns", NULL, wkbPoint, NULL);
    OGRFeatureH town = OGR_F_Create(OGR_L_GetLayerDefn(layer));
    OGRGeometryH point = OGR_G_CreateGeometry(wkbPoint);
    OGR_F_SetGeometryDirectly(town, point);
    if (OGR_L_CreateFeature(layer, town) != OGRERR_NONE)
        return 1;
    OGR_F_Destroy(town);
    OGRFeatureH feature = OGR_L_GetNextFeature(layer);
    printf("%d\n", OGR_G_IsEmpty(OGR_F_GetGeometryRef(feature)));
    OGR_F_Destroy(feature);
    const char *names[] = {"people", "height", "mayor", "river"};
    for (int i = 0; i < 4; i++)
    {
        OGRFieldDefnH field = OGR_Fld_Create(names[i], OFTString);
        OGR_L_CreateField(layer, field, TRUE);
        OGR_Fld_Destroy(field);
    }
    printf("%d\n", OGR_FD_GetFieldCount(OGR_L_GetLayerDefn(layer)));
    GDALClose(dataset);
    return 0;
}
