/* No feature lives when the field is deleted. */
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

    OGR_L_DeleteField(layer, OGR_FD_GetFieldIndex(OGR_L_GetLayerDefn(layer), "people"));
    OGRFeatureH feature = OGR_L_GetNextFeature(layer);
    printf("%d\n", OGR_F_GetFieldAsInteger(feature, OGR_F_GetFieldIndex(feature, "height")));
    OGR_F_Destroy(feature);
    GDALClose(dataset);
    return 0;
}
