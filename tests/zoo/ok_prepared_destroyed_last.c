/* A prepared geometry needs its base for every use but its own destruction. Without a context; ok_geos_prepared_after_base.c has one. */
#include <geos_c.h>
#include <stdio.h>

int main(void)
{
    initGEOS(NULL, NULL);
    GEOSGeometry *point = GEOSGeomFromWKT("POINT (1 2)");
    GEOSGeometry *square = GEOSGeomFromWKT("POLYGON ((0 0, 0 5, 5 5, 5 0, 0 0))");
    const GEOSPreparedGeometry *prepared = GEOSPrepare(square);
    printf("%d\n", GEOSPreparedContains(prepared, point));
    GEOSGeom_destroy(square);
    GEOSPreparedGeom_destroy(prepared);
    GEOSGeom_destroy(point);
    finishGEOS();
    return 0;
}
