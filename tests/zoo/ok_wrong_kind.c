/* Handles that are of several kinds: a major object may be a dataset, a band or a layer. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALOpenEx("places.gpkg", GDAL_OF_VECTOR, NULL, NULL, NULL);
    OGRLayerH layer = GDALDatasetGetLayer(dataset, 0);
    OGRFeatureH feature = OGR_L_GetNextFeature(layer);
    printf("%d\n", OGR_FD_GetFieldCount(OGR_L_GetLayerDefn(layer)));
    printf("%s\n", GDALGetDescription(layer));
    printf("%s\n", GDALGetDescription(dataset));
    CSLDestroy(GDALGetFileList(dataset));
    OGR_F_Destroy(feature);
    GDALClose(dataset);
    return 0;
}
