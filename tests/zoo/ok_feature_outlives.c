/* Features outlive their layer, their dataset and whoever made their definition: the documentation advises against it, it works, and it is
 * no report. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALOpenEx("places.shp", GDAL_OF_VECTOR, NULL, NULL, NULL);
    OGRLayerH layer = GDALDatasetGetLayer(dataset, 0);
    OGRFeatureH next = OGR_L_GetNextFeature(layer), third = OGR_L_GetFeature(layer, 2);
    GDALClose(dataset);
    printf("%s %s\n", OGR_F_GetFieldAsString(next, 0), OGR_F_GetFieldAsString(third, 0));
    printf("%.0f\n", OGR_G_Area(OGR_F_GetGeometryRef(next)));
    OGR_F_Destroy(next);
    OGR_F_Destroy(third);

    dataset = GDALOpenEx("places.shp", GDAL_OF_VECTOR, NULL, NULL, NULL);
    OGRFeatureH any = GDALDatasetGetNextFeature(dataset, NULL, NULL, NULL, NULL);
    GDALClose(dataset);
    printf("%s\n", OGR_F_GetFieldAsString(any, 0));
    OGR_F_Destroy(any);

    OGRFeatureDefnH definition = OGR_FD_Create("d");
    OGR_FD_Reference(definition);
    OGRFieldDefnH field = OGR_Fld_Create("number", OFTInteger);
    OGR_FD_AddFieldDefn(definition, field);
    OGR_Fld_Destroy(field);
    OGRFeatureH made = OGR_F_Create(definition);
    OGR_FD_Release(definition);
    OGR_F_SetFieldInteger(made, 0, 7);
    printf("%d\n", OGR_F_GetFieldAsInteger(made, 0));
    OGR_F_Destroy(made);
    return 0;
}
