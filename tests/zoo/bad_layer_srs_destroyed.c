/* The spatial reference of a layer destroyed by the borrower. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALOpenEx("places.shp", GDAL_OF_VECTOR, NULL, NULL, NULL);
    OGRLayerH layer = GDALDatasetGetLayer(dataset, 0);
    OGRSpatialReferenceH srs = OGR_L_GetSpatialRef(layer); /* obtained */
    printf("%d\n", OSRIsGeographic(srs));
    OSRDestroySpatialReference(srs); /* used */
    GDALClose(dataset);
    printf("end\n");
    return 0;
}
