/* A field created while a feature read before is alive: its destruction reads a field that it has not. */
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
    field = OGR_Fld_Create("mayor", OFTString);
    OGR_L_CreateField(layer, field, TRUE); /* used */
    OGR_Fld_Destroy(field);
    OGR_F_Destroy(feature); /* used2 */
    GDALClose(dataset);
    printf("end\n");
    return 0;
}
