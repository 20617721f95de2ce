/* A stolen geometry is the caller's and outlives its feature. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALOpenEx("places.shp", GDAL_OF_VECTOR, NULL, NULL, NULL);
    OGRLayerH layer = GDALDatasetGetLayer(dataset, 0);
    OGRFeatureH feature = OGR_L_GetNextFeature(layer);
    OGRGeometryH seen = OGR_F_GetGeometryRef(feature);
    OGRGeometryH stolen = OGR_F_StealGeometry(feature);
    OGR_F_Destroy(feature);
    GDALClose(dataset);
    printf("%d %.1f\n", seen == stolen, OGR_G_Area(seen));
    OGR_G_DestroyGeometry(stolen);
    return 0;
}
