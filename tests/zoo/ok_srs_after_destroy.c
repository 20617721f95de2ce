/* A spatial reference outlives the geometry and the name of it that were asked for. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    OGRSpatialReferenceH srs = OSRNewSpatialReference(NULL);
    OSRImportFromEPSG(srs, 32631);
    OGRGeometryH point = OGR_G_CreateGeometry(wkbPoint);
    OGR_G_AssignSpatialReference(point, srs);
    OGR_G_DestroyGeometry(point);
    printf("%d %s\n", OSRIsProjected(srs), OSRGetName(srs));
    OSRDestroySpatialReference(srs);
    return 0;
}
