/* The release of a reference that was never taken. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALCreate(GDALGetDriverByName("Memory"), "m", 0, 0, 0, GDT_Unknown, NULL);
    OGRSpatialReferenceH own = OSRNewSpatialReference(NULL);
    OSRImportFromEPSG(own, 4326);
    OGRLayerH layer = GDALDatasetCreateLayer(dataset, "l", own, wkbPoint, NULL);
    OSRRelease(own);
    OGRSpatialReferenceH srs = OGR_L_GetSpatialRef(layer); /* obtained */
    OSRRelease(srs); /* used */
    printf("%d\n", OSRIsGeographic(OGR_L_GetSpatialRef(layer))); /* used2 */
    GDALClose(dataset);
    printf("end\n");
    return 0;
}
