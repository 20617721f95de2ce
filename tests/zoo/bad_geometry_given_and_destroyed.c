/* A geometry destroyed after a feature took it. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALOpenEx("places.shp", GDAL_OF_VECTOR, NULL, NULL, NULL);
    OGRLayerH layer = GDALDatasetGetLayer(dataset, 0);
    OGRFeatureH feature = OGR_F_Create(OGR_L_GetLayerDefn(layer));
    OGRGeometryH point = OGR_G_CreateGeometry(wkbPoint); /* obtained */
    OGR_G_SetPoint_2D(point, 0, 3, 4);
    OGR_F_SetGeometryDirectly(feature, point); /* freed */
    OGR_G_DestroyGeometry(point);              /* used */
    printf("%.1f\n", OGR_G_GetY(OGR_F_GetGeometryRef(feature), 0)); /* used2 */
    OGR_F_Destroy(feature);
    GDALClose(dataset);
    return 0;
}
