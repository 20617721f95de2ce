/* The filter is cloned before it is taken away; to install the installed one again does nothing. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALOpenEx("places.shp", GDAL_OF_VECTOR, NULL, NULL, NULL);
    OGRLayerH layer = GDALDatasetGetLayer(dataset, 0);
    OGRFeatureH feature = OGR_L_GetNextFeature(layer);

    OGR_L_SetSpatialFilterRect(layer, 9, 0, 12, 1);
    OGR_L_SetSpatialFilter(layer, OGR_L_GetSpatialFilter(layer));
    OGRGeometryH filter = OGR_G_Clone(OGR_L_GetSpatialFilter(layer));
    OGR_L_SetSpatialFilter(layer, NULL);
    printf("%d\n", (int)OGR_L_GetFeatureCount(layer, TRUE));
    OGR_L_SetSpatialFilter(layer, filter);
    OGR_G_DestroyGeometry(filter);
    printf("%d %.0f\n", (int)OGR_L_GetFeatureCount(layer, TRUE), OGR_G_Area(OGR_L_GetSpatialFilter(layer)));
    OGR_F_Destroy(feature);
    GDALClose(dataset);
    return 0;
}
