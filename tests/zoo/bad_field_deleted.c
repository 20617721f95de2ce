/* A field deleted while a feature lives: field 0 is another one now. No crash, a wrong number. One that is not there cannot be deleted, which changes nothing. */
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

    OGRFeatureH feature = OGR_L_GetNextFeature(layer); /* obtained */
    printf("%s\n", OGR_L_DeleteField(layer, 7) == OGRERR_NONE ? "deleted" : "not deleted"); /* used4 */
    printf("%d\n", OGR_F_GetFieldAsInteger(feature, 1));
    OGR_L_DeleteField(layer, OGR_FD_GetFieldIndex(OGR_L_GetLayerDefn(layer), "people")); /* used */
    int height = OGR_FD_GetFieldIndex(OGR_L_GetLayerDefn(layer), "height");
    printf("%d\n", OGR_F_GetFieldAsInteger(feature, height)); /* used2 */
    OGR_F_Destroy(feature); /* used3 */
    GDALClose(dataset);
    return 0;
}
