/* The spatial reference is cloned before another is set, and fetched again; that of the ground control points is another one. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALCreate(GDALGetDriverByName("MEM"), "m", 8, 4, 1, GDT_Byte, NULL);
    OGRSpatialReferenceH geographic = OSRNewSpatialReference(NULL), projected = OSRNewSpatialReference(NULL);
    OSRImportFromEPSG(geographic, 4326);
    OSRImportFromEPSG(projected, 32631);
    GDAL_GCP point = {.pszId = "1", .pszInfo = ""};
    GDALSetGCPs2(dataset, 1, &point, geographic);
    OGRSpatialReferenceH of_points = GDALGetGCPSpatialRef(dataset);
    GDALSetSpatialRef(dataset, geographic);
    OGRSpatialReferenceH mine = OSRClone(GDALGetSpatialRef(dataset));
    GDALSetSpatialRef(dataset, projected);
    printf("%d %d %d\n", OSRIsGeographic(mine), OSRIsGeographic(GDALGetSpatialRef(dataset)), OSRIsGeographic(of_points));
    OGRSpatialReferenceH own = GDALGetSpatialRef(dataset);
    GDALSetSpatialRef(dataset, own); /* what it is already */
    printf("%d\n", OSRIsProjected(own));
    OSRRelease(mine);
    OSRRelease(geographic);
    OSRRelease(projected);
    GDALClose(dataset);
    return 0;
}
