/* The spatial reference of a geometry kept over AssignSpatialReference, which frees it: nobody else references it. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    OGRGeometryH point = OGR_G_CreateGeometry(wkbPoint);
    OGRSpatialReferenceH first = OSRNewSpatialReference(SRS_WKT_WGS84_LAT_LONG);
    OGR_G_AssignSpatialReference(point, first);
    OSRRelease(first);
    OGRSpatialReferenceH srs = OGR_G_GetSpatialReference(point); /* obtained */
    OGRSpatialReferenceH second = OSRNewSpatialReference("LOCAL_CS[\"yard\"]");
    OGR_G_AssignSpatialReference(point, second); /* freed */
    printf("%d\n", OSRIsGeographic(srs)); /* used */
    OSRRelease(second);
    OGR_G_DestroyGeometry(point);
    return 0;
}
