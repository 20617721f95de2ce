/* A mistake with each of three libraries in one program, while GDAL calls the other two for itself. */
#include "zoo.h"
#include <geos_c.h>
#include <proj.h>

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    OGRGeometryH point = OGR_G_CreateGeometry(wkbPoint); /* obtained */
    OGRGeometryH wide = OGR_G_Buffer(point, 1, 8); /* GEOS inside GDAL */
    OGR_G_DestroyGeometry(point); /* freed */
    OGR_G_DestroyGeometry(wide);
    int empty = OGR_G_IsEmpty(point); /* used */
    GEOSContextHandle_t context = GEOS_init_r();
    GEOSGeometry *geometry = GEOSGeom_createEmptyPoint_r(context); /* obtained2 */
    GEOSGeom_destroy_r(context, geometry); /* freed2 */
    int type = GEOSGeomTypeId_r(context, geometry); /* used2 */
    PJ *pj = proj_create(NULL, "+proj=merc"); /* obtained3 */
    proj_destroy(pj); /* freed3 */
    int angular = proj_angular_input(pj, PJ_FWD); /* used3 */
    (void)empty, (void)type;
    printf("%d\n", angular);
    GEOS_finish_r(context);
    return 0;
}
