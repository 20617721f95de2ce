/* The spatial reference of a dataset kept over SetSpatialRef: it says something else from then on, and no memory checker notices. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALCreate(GDALGetDriverByName("MEM"), "m", 8, 4, 1, GDT_Byte, NULL);
    OGRSpatialReferenceH geographic = OSRNewSpatialReference(NULL), projected = OSRNewSpatialReference(NULL);
    OSRImportFromEPSG(geographic, 4326);
    OSRImportFromEPSG(projected, 32631);
    GDALSetSpatialRef(dataset, geographic);
    OGRSpatialReferenceH lent = GDALGetSpatialRef(dataset); /* obtained */
    GDALSetSpatialRef(dataset, projected); /* freed */
    int is_geographic = OSRIsGeographic(lent); /* used */
    printf("%d\n", is_geographic);
    OSRRelease(geographic);
    OSRRelease(projected);
    GDALClose(dataset);
    return 0;
}
