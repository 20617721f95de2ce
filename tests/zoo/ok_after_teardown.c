/* Everything is closed before the driver manager goes; spatial references and geometries outlive it. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALOpen("tiny.tif", GA_ReadOnly);
    GDALRasterBandH band = GDALGetRasterBand(dataset, 1);
    printf("%d\n", GDALGetRasterBandXSize(band));
    GDALClose(dataset);
    OGRSpatialReferenceH reference = OSRNewSpatialReference(NULL);
    OGRGeometryH point = OGR_G_CreateGeometry(wkbPoint);
    GDALDestroyDriverManager();
    printf("%d\n", OGR_G_GetPointCount(point));
    OGR_G_DestroyGeometry(point);
    OSRDestroySpatialReference(reference);
    return 0;
}
