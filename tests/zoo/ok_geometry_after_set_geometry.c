/* The reference is fetched again after SetGeometry. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALOpenEx("places.shp", GDAL_OF_VECTOR, NULL, NULL, NULL);
    OGRLayerH layer = GDALDatasetGetLayer(dataset, 0);
    OGRFeatureH feature = OGR_L_GetNextFeature(layer);
    printf("%.1f\n", OGR_G_Area(OGR_F_GetGeometryRef(feature)));
    OGRGeometryH point = OGR_G_CreateGeometry(wkbPoint);
    OGR_F_SetGeometry(feature, point);
    printf("%d\n", OGR_G_GetGeometryType(OGR_F_GetGeometryRef(feature)));
    OGR_G_DestroyGeometry(point);
    OGR_F_Destroy(feature);
    GDALClose(dataset);
    return 0;
}
