/* A layer is passed where a dataset is expected: both are untyped pointers, and the compiler says nothing. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALOpenEx("places.gpkg", GDAL_OF_VECTOR, NULL, NULL, NULL);
    OGRLayerH layer = GDALDatasetGetLayer(dataset, 0); /* obtained */
    OGRFeatureH feature = OGR_L_GetNextFeature(layer); /* obtained2 */
    int fields = OGR_FD_GetFieldCount(feature); /* used2 */
    printf("%d\n", fields < 0);
    char **list = GDALGetFileList(layer); /* used */
    printf("%s\n", list == NULL ? "none" : "some");
    OGR_F_Destroy(feature);
    GDALClose(dataset);
    return 0;
}
