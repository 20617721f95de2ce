/* Geometries outlive the context that they were made with: as shapely 2 does it on every call. */
#include <geos_c.h>
#include <stdio.h>

int main(void)
{
    GEOSContextHandle_t context = GEOS_init_r();
    GEOSGeometry *point = GEOSGeom_createPointFromXY_r(context, 1, 2);
    GEOS_finish_r(context);
    context = GEOS_init_r();
    printf("%d\n", GEOSisEmpty_r(context, point));
    GEOSGeometry *other = GEOSBuffer_r(context, point, 1, 8);
    GEOS_finish_r(context);
    context = GEOS_init_r();
    printf("%d\n", GEOSIntersects_r(context, point, other));
    GEOSGeom_destroy_r(context, point);
    GEOSGeom_destroy_r(context, other);
    GEOS_finish_r(context);
    return 0;
}
