#include <gdal.h>
#include <ogr_api.h>
#include <stdio.h>

int main(void)
{
    GDALAllRegister();
    GDALDatasetH dataset = GDALCreate(GDALGetDriverByName("Memory"), "", 0, 0, 0, GDT_Unknown, NULL);
    OGRLayerH places = GDALDatasetCreateLayer(dataset, "places", NULL, wkbPoint, NULL);
    OGRFieldDefnH name = OGR_Fld_Create("name", OFTString);
    OGR_L_CreateField(places, name, 1);
    OGR_Fld_Destroy(name);
    OGRFeatureH place = OGR_F_Create(OGR_L_GetLayerDefn(places));
    OGR_L_DeleteField(places, 0);
    printf("%d\n", OGR_F_IsFieldSet(place, 0)); /* `place` is laid out after the old fields */
    OGR_F_Destroy(place);
    GDALClose(dataset);
    return 0;
}
