/* References of the program's own keep the old spatial references alive. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    OGRGeometryH point = OGR_G_CreateGeometryFromJson("{\"type\": \"Point\", \"coordinates\": [500000, 4600000], "
                                                      "\"crs\": {\"type\": \"name\", \"properties\": {\"name\": \"EPSG:32631\"}}}");
    OGRSpatialReferenceH srs = OGR_G_GetSpatialReference(point);
    OSRReference(srs);
    OGRSpatialReferenceH yard = OSRNewSpatialReference("LOCAL_CS[\"yard\"]");
    OGR_G_AssignSpatialReference(point, yard);
    printf("%d\n", OSRIsProjected(srs));
    OGR_G_AssignSpatialReference(point, srs);
    OSRRelease(srs);
    printf("%d %d\n", OSRIsProjected(OGR_G_GetSpatialReference(point)), OSRIsLocal(yard));
    OSRRelease(yard);
    OGR_G_DestroyGeometry(point);
    return 0;
}
