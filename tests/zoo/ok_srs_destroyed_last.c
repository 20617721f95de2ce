/* A geometry with a borrowed part is destroyed, then the spatial reference that it used, whatever its count: the geometry's memory must
 * not be waiting for anything then. The same with a feature and its definition. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    for (int round = 0; round < 60; round++)
    {
        OGRSpatialReferenceH reference = OSRNewSpatialReference(NULL);
        OGRGeometryH whole = OGR_G_CreateGeometry(wkbMultiPoint), part = OGR_G_CreateGeometry(wkbPoint);
        OGR_G_AddGeometryDirectly(whole, part);
        OGR_G_AssignSpatialReference(whole, reference);
        OGR_G_GetPointCount(OGR_G_GetGeometryRef(whole, 0));
        OGR_G_DestroyGeometry(whole);
        OSRDestroySpatialReference(reference);

        OGRFeatureDefnH definition = OGR_FD_Create("x");
        OGR_FD_Reference(definition);
        OGRFeatureH feature = OGR_F_Create(definition);
        OGR_F_SetGeometryDirectly(feature, OGR_G_CreateGeometry(wkbPoint));
        OGR_G_GetPointCount(OGR_F_GetGeometryRef(feature));
        OGR_F_Destroy(feature);
        OGR_FD_Destroy(definition);
        free(malloc(64)); /* memory of the dead is used again */
    }
    printf("end\n");
    return 0;
}
