/* The geometry of a feature destroyed by the borrower. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALOpenEx("places.shp", GDAL_OF_VECTOR, NULL, NULL, NULL);
    OGRLayerH layer = GDALDatasetGetLayer(dataset, 0);
    OGRFeatureH feature = OGR_L_GetNextFeature(layer);
    OGRGeometryH geometry = OGR_F_GetGeometryRef(feature); /* obtained */
    printf("%.1f\n", OGR_G_Area(geometry));
    OGR_G_DestroyGeometry(geometry); /* used */
    OGR_F_Destroy(feature);
    GDALClose(dataset);
    printf("end\n");
    return 0;
}
