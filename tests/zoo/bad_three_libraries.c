/* A mistake with each of three libraries in one program, while GDAL calls the other two for itself. */
#include "zoo.h"
#include <geos_c.h>
#include <proj.h>

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    OGRGeometryH point = OGR_G_CreateGeometry(wkbPoint);
    OGRGeometryH wide = OGR_G_Buffer(point, 1, 8); /* GEOS inside GDAL */
    OGR_G_DestroyGeometry(point);
    OGR_G_DestroyGeometry(wide);
    OGRFeatureDefnH definition = OGR_FD_Create("things");
    OGR_FD_Reference(definition);
    OGRFeatureH feature = OGR_F_Create(definition); /* obtained */
    OGR_F_Destroy(feature); /* freed */
    /* Uses that read a number, no virtual table: in mode report they really happen. */
    int number = (int)OGR_F_GetFID(feature); /* used */
    GEOSContextHandle_t context = GEOS_init_r();
    GEOSGeometry *geometry = GEOSGeom_createEmptyPoint_r(context); /* obtained2 */
    GEOSGeom_destroy_r(context, geometry); /* freed2 */
    int srid = GEOSGetSRID_r(context, geometry); /* used2 */
    PJ *pj = proj_create(NULL, "+proj=merc"); /* obtained3 */
    proj_destroy(pj); /* freed3 */
    int angular = proj_angular_input(pj, PJ_FWD); /* used3 */
    (void)number, (void)srid;
    printf("%d\n", angular);
    GEOS_finish_r(context);
    OGR_FD_Release(definition);
    return 0;
}
