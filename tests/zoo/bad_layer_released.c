/* An ordinary layer released as if it were a result set: the dataset frees it once more. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALOpenEx("places.shp", GDAL_OF_VECTOR, NULL, NULL, NULL);
    OGRLayerH layer = OGR_DS_GetLayer(dataset, 0); /* obtained */
    OGR_DS_ReleaseResultSet(dataset, layer); /* used */
    OGRReleaseDataSource(dataset);
    printf("end\n");
    return 0;
}
