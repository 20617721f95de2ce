/* Used, then destroyed, a thousand times. */
#include <geos_c.h>
#include <stdio.h>

int main(void)
{
    GEOSContextHandle_t context = GEOS_init_r();
    for (int i = 0; i < 1000; i++)
    {
        GEOSGeometry *point = GEOSGeom_createPointFromXY_r(context, i, i);
        if (GEOSisEmpty_r(context, point) != 0)
            printf("wrong\n");
        GEOSGeom_destroy_r(context, point);
    }
    GEOS_finish_r(context);
    return 0;
}
