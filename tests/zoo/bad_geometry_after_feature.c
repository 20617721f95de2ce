/* A geometry reference used after its feature was destroyed. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALOpenEx("places.shp", GDAL_OF_VECTOR, NULL, NULL, NULL);
    OGRLayerH layer = GDALDatasetGetLayer(dataset, 0);
    OGRFeatureH feature = OGR_L_GetNextFeature(layer);
    OGRGeometryH geometry = OGR_F_GetGeometryRef(feature); /* obtained */
    OGR_F_Destroy(feature);                                /* freed */
    double area = OGR_G_Area(geometry);                    /* used */
    printf("%.1f\n", area);
    GDALClose(dataset);
    return 0;
}
