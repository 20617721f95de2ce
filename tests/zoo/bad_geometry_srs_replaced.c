/* The spatial reference of a geometry kept over AssignSpatialReference, which frees it: nobody else references it. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    OGRGeometryH point = OGR_G_CreateGeometryFromJson("{\"type\": \"Point\", \"coordinates\": [500000, 4600000], "
                                                      "\"crs\": {\"type\": \"name\", \"properties\": {\"name\": \"EPSG:32631\"}}}");
    OGRSpatialReferenceH srs = OGR_G_GetSpatialReference(point); /* obtained */
    OGRSpatialReferenceH yard = OSRNewSpatialReference("LOCAL_CS[\"yard\"]");
    OGR_G_AssignSpatialReference(point, yard); /* freed */
    printf("%d\n", OSRIsProjected(srs)); /* used */
    OSRRelease(yard);
    OGR_G_DestroyGeometry(point);
    return 0;
}
