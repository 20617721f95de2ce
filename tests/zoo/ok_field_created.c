/* The feature is destroyed before the field is created, and read again. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALCreate(GDALGetDriverByName("Memory"), "", 0, 0, 0, GDT_Unknown, NULL);
    OGRLayerH layer = GDALDatasetCreateLayer(dataset, "towns", NULL, wkbPoint, NULL);
    OGRFieldDefnH field = OGR_Fld_Create("people", OFTInteger);
    OGR_L_CreateField(layer, field, TRUE);
    OGR_Fld_Destroy(field);
    field = OGR_Fld_Create("height", OFTInteger);
    OGR_L_CreateField(layer, field, TRUE);
    OGR_Fld_Destroy(field);
    OGRFeatureH town = OGR_F_Create(OGR_L_GetLayerDefn(layer));
    OGR_F_SetFieldInteger(town, 0, 1200);
    OGR_F_SetFieldInteger(town, 1, 34);
    if (OGR_L_CreateFeature(layer, town) != OGRERR_NONE)
        return 1;
    OGR_F_Destroy(town);

    OGRFeatureH feature = OGR_L_GetNextFeature(layer);
    OGR_F_Destroy(feature);
    field = OGR_Fld_Create("mayor", OFTString);
    printf("%d\n", OGR_L_CreateField(layer, field, TRUE));
    OGR_Fld_Destroy(field);
    OGR_L_ResetReading(layer);
    feature = OGR_L_GetNextFeature(layer);
    printf("%d %s\n", OGR_F_GetFieldCount(feature), OGR_F_GetFieldAsString(feature, 0));
    OGR_F_Destroy(feature);
    GDALClose(dataset);
    return 0;
}
