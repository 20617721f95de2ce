/* Fields reordered while a feature lives: its values stand under other names. No crash, wrong numbers. */
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
    int order[] = {1, 0};
    OGR_L_ReorderFields(layer, order); /* used */
    int people = OGR_FD_GetFieldIndex(OGR_L_GetLayerDefn(layer), "people");
    printf("%d\n", OGR_F_GetFieldAsInteger(feature, people)); /* used2 */
    OGR_F_Destroy(feature); /* used3 */
    GDALClose(dataset);
    return 0;
}
