/* A geometry reference kept over SetGeometry, which destroys it. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALOpenEx("places.shp", GDAL_OF_VECTOR, NULL, NULL, NULL);
    OGRLayerH layer = GDALDatasetGetLayer(dataset, 0);
    OGRFeatureH feature = OGR_L_GetNextFeature(layer);
    OGRGeometryH old = OGR_F_GetGeometryRef(feature); /* obtained */
    OGRGeometryH point = OGR_G_CreateGeometry(wkbPoint);
    OGR_F_SetGeometry(feature, point); /* freed */
    double area = OGR_G_Area(old);     /* used */
    printf("%.1f\n", area);
    OGR_G_DestroyGeometry(point);
    OGR_F_Destroy(feature);
    GDALClose(dataset);
    return 0;
}
