/* A spatial filter saved as the pointer that the layer lent, and installed again: the layer destroyed it in between. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALOpenEx("places.shp", GDAL_OF_VECTOR, NULL, NULL, NULL);
    OGRLayerH layer = GDALDatasetGetLayer(dataset, 0);
    OGRFeatureH feature = OGR_L_GetNextFeature(layer);

    OGR_L_SetSpatialFilterRect(layer, 9, 0, 12, 1);
    OGRGeometryH filter = OGR_L_GetSpatialFilter(layer); /* obtained */
    OGR_L_SetSpatialFilter(layer, NULL); /* freed */
    printf("%d\n", (int)OGR_L_GetFeatureCount(layer, TRUE));
    OGR_L_SetSpatialFilter(layer, filter); /* used */
    OGR_F_Destroy(feature);
    GDALClose(dataset);
    return 0;
}
