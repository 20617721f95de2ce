/* Each feature gets a geometry of its own. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALOpenEx("places.shp", GDAL_OF_VECTOR, NULL, NULL, NULL);
    OGRLayerH layer = GDALDatasetGetLayer(dataset, 0);
    OGRFeatureH feature = OGR_F_Create(OGR_L_GetLayerDefn(layer));
    OGRGeometryH point = OGR_G_CreateGeometry(wkbPoint);
    OGR_G_SetPoint_2D(point, 0, 3, 4);
    OGRFeatureH other = OGR_F_Create(OGR_L_GetLayerDefn(layer));
    OGR_F_SetGeometryDirectly(other, OGR_G_Clone(point));
    OGR_F_SetGeometryDirectly(feature, point);
    printf("%.1f %d\n", OGR_G_GetY(point, 0), OGR_F_GetGeometryRef(other) != NULL);
    OGR_F_Destroy(other);
    OGR_F_Destroy(feature);
    GDALClose(dataset);
    printf("end\n");
    return 0;
}
