/* A GEOS geometry destroyed twice. */
#include <geos_c.h>
#include <stdio.h>

int main(void)
{
    GEOSContextHandle_t context = GEOS_init_r();
    GEOSGeometry *point = GEOSGeom_createPointFromXY_r(context, 1, 2); /* obtained */
    GEOSGeom_destroy_r(context, point); /* freed */
    GEOSGeom_destroy_r(context, point); /* used */
    GEOS_finish_r(context);
    printf("end\n");
    return 0;
}
