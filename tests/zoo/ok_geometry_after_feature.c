/* The feature lives as long as its geometry is used; a clone lives on its own. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALOpenEx("places.shp", GDAL_OF_VECTOR, NULL, NULL, NULL);
    OGRLayerH layer = GDALDatasetGetLayer(dataset, 0);
    OGRFeatureH feature = OGR_L_GetNextFeature(layer);
    OGRGeometryH geometry = OGR_F_GetGeometryRef(feature);
    printf("%.1f\n", OGR_G_Area(geometry));
    OGRGeometryH copy = OGR_G_Clone(geometry);
    OGR_F_Destroy(feature);
    printf("%.1f\n", OGR_G_Area(copy));
    OGR_G_DestroyGeometry(copy);
    GDALClose(dataset);
    return 0;
}
