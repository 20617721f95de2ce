/* SetGeometryDirectly of the geometry that the feature has already: nothing happens. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALOpenEx("places.shp", GDAL_OF_VECTOR, NULL, NULL, NULL);
    OGRLayerH layer = GDALDatasetGetLayer(dataset, 0);
    OGRFeatureH feature = OGR_L_GetNextFeature(layer);
    OGRGeometryH geometry = OGR_F_GetGeometryRef(feature);
    OGR_F_SetGeometryDirectly(feature, geometry);
    printf("%.1f\n", OGR_G_Area(OGR_F_GetGeometryRef(feature)));
    OGR_F_Destroy(feature);
    GDALClose(dataset);
    return 0;
}
