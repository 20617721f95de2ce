/* A GEOS context used after it was finished. */
#include <geos_c.h>
#include <stdio.h>

int main(void)
{
    GEOSContextHandle_t context = GEOS_init_r(); /* obtained */
    GEOSGeometry *point = GEOSGeom_createPointFromXY_r(context, 1, 2);
    GEOS_finish_r(context); /* freed */
    char empty = GEOSisEmpty_r(context, point); /* used */
    printf("%d\n", empty);
    context = GEOS_init_r();
    GEOSGeom_destroy_r(context, point);
    GEOS_finish_r(context);
    return 0;
}
