/* A C loop of GEOS points: created, measured, destroyed. geos_points COUNT */
#include <geos_c.h>
#include <stdio.h>
#include <stdlib.h>

int main(int count, char **arguments)
{
    GEOSContextHandle_t geos = GEOS_init_r();
    double sum = 0;
    for (long i = 0; i < (count > 1 ? atol(arguments[1]) : 1000); i++) {
        double x = 0;
        GEOSGeometry *point = GEOSGeom_createPointFromXY_r(geos, (double)i, 1);
        GEOSGeomGetX_r(geos, point, &x);
        GEOSGeom_destroy_r(geos, point);
        sum += x;
    }
    GEOS_finish_r(geos);
    printf("%.0f\n", sum);
    return 0;
}
