/* Lines that are destroyed after they were polygonized: the polygons need none of them. */
#include <geos_c.h>
#include <stdio.h>

int main(void)
{
    GEOSContextHandle_t context = GEOS_init_r();
    GEOSGeometry *first = GEOSGeomFromWKT_r(context, "LINESTRING (0 0, 0 5, 5 5)");
    GEOSGeometry *second = GEOSGeomFromWKT_r(context, "LINESTRING (5 5, 5 0, 0 0)");
    const GEOSGeometry *lines[] = {first, second};
    GEOSGeometry *polygons = GEOSPolygonize_r(context, lines, 2);
    GEOSGeom_destroy_r(context, second);
    GEOSGeom_destroy_r(context, first);
    printf("%d\n", GEOSGetNumGeometries_r(context, polygons));
    GEOSGeom_destroy_r(context, polygons);
    GEOS_finish_r(context);
    return 0;
}
