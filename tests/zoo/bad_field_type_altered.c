/* The type of a field altered while a feature lives: its value is read as the new type, which it is not. No crash, a wrong number. */
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
    field = OGR_Fld_Create("people", OFTReal);
    OGR_L_AlterFieldDefn(layer, 0, field, ALTER_TYPE_FLAG); /* used */
    OGR_Fld_Destroy(field);
    double people = OGR_F_GetFieldAsDouble(feature, 0); /* used2 */
    printf("%s\n", people == 1200 ? "right" : "wrong");
    OGR_F_Destroy(feature); /* used3 */
    GDALClose(dataset);
    return 0;
}
