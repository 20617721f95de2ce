/* A clone of the layer's spatial reference is destroyed. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALOpenEx("places.shp", GDAL_OF_VECTOR, NULL, NULL, NULL);
    OGRLayerH layer = GDALDatasetGetLayer(dataset, 0);
    OGRSpatialReferenceH srs = OSRClone(OGR_L_GetSpatialRef(layer));
    printf("%d\n", OSRIsGeographic(srs));
    OSRDestroySpatialReference(srs);
    GDALClose(dataset);
    printf("end\n");
    return 0;
}
