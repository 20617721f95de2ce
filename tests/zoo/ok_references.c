/* Whoever takes a reference may use the object after its first owner is gone. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    OGRSpatialReferenceH srs = OSRNewSpatialReference(NULL);
    OSRImportFromEPSG(srs, 4326);
    OGRGeometryH point = OGR_G_CreateGeometry(wkbPoint);
    OGR_G_AssignSpatialReference(point, srs);
    OSRRelease(srs);
    printf("%d\n", OSRIsGeographic(OGR_G_GetSpatialReference(point)));
    OGRSpatialReferenceH kept = OGR_G_GetSpatialReference(point);
    OSRReference(kept);
    OGR_G_DestroyGeometry(point);
    printf("%d\n", OSRIsGeographic(kept));
    OSRRelease(kept);
    OGRFeatureDefnH definition = OGR_FD_Create("d");
    OGR_FD_Reference(definition);
    OGRFeatureH feature = OGR_F_Create(definition);
    OGR_FD_Release(definition);
    printf("%s\n", OGR_FD_GetName(OGR_F_GetDefnRef(feature)));
    OGR_F_Destroy(feature);
    return 0;
}
