/* A geometry and its clone, each destroyed once. */
#include <geos_c.h>
#include <stdio.h>

int main(void)
{
    GEOSContextHandle_t context = GEOS_init_r();
    GEOSGeometry *point = GEOSGeom_createPointFromXY_r(context, 1, 2);
    GEOSGeometry *clone = GEOSGeom_clone_r(context, point);
    GEOSGeom_destroy_r(context, point);
    GEOSGeom_destroy_r(context, clone);
    GEOSGeom_destroy_r(context, NULL);
    GEOS_finish_r(context);
    printf("end\n");
    return 0;
}
