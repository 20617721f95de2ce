/* GEOSGetGeometryN of a simple geometry is that geometry: not borrowed, and destroyed once. */
#include <geos_c.h>
#include <stdio.h>

int main(void)
{
    GEOSContextHandle_t context = GEOS_init_r();
    GEOSGeometry *point = GEOSGeom_createPointFromXY_r(context, 1, 2);
    GEOSGeometry *same = (GEOSGeometry *)GEOSGetGeometryN_r(context, point, 0);
    printf("%d %d\n", same == point, GEOSGetNumGeometries_r(context, same));
    GEOSGeom_destroy_r(context, same);
    GEOS_finish_r(context);
    return 0;
}
