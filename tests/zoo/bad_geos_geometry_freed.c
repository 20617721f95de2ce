/* A geometry freed as if it were a text: its parts leak, or worse. */
#include <geos_c.h>
#include <stdio.h>

int main(void)
{
    GEOSContextHandle_t context = GEOS_init_r();
    GEOSGeometry *point = GEOSGeom_createPointFromXY_r(context, 1, 2); /* obtained */
    GEOSFree_r(context, point); /* used */
    GEOS_finish_r(context);
    printf("end\n");
    return 0;
}
