/* A reference of the program's own keeps the old spatial reference alive. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    OGRGeometryH point = OGR_G_CreateGeometry(wkbPoint);
    OGRSpatialReferenceH first = OSRNewSpatialReference(SRS_WKT_WGS84_LAT_LONG);
    OGR_G_AssignSpatialReference(point, first);
    OGRSpatialReferenceH second = OSRNewSpatialReference("LOCAL_CS[\"yard\"]");
    OGR_G_AssignSpatialReference(point, second);
    printf("%d\n", OSRIsGeographic(first));
    OSRRelease(first);
    OGRSpatialReferenceH srs = OGR_G_GetSpatialReference(point);
    OSRReference(srs);
    OGR_G_AssignSpatialReference(point, NULL);
    printf("%d\n", OSRIsLocal(srs));
    OSRRelease(srs);
    OSRRelease(second);
    OGR_G_DestroyGeometry(point);
    return 0;
}
