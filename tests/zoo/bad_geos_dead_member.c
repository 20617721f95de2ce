/* An array of lines to be polygonized, of which one was destroyed before. */
#include <geos_c.h>
#include <stdio.h>

int main(void)
{
    GEOSContextHandle_t context = GEOS_init_r();
    GEOSGeometry *first = GEOSGeomFromWKT_r(context, "LINESTRING (0 0, 0 5, 5 5)");
    GEOSGeometry *second = GEOSGeomFromWKT_r(context, "LINESTRING (5 5, 5 0, 0 0)"); /* obtained */
    const GEOSGeometry *lines[] = {first, second};
    GEOSGeom_destroy_r(context, second); /* freed */
    GEOSGeometry *polygons = GEOSPolygonize_r(context, lines, 2); /* used */
    printf("%s\n", polygons != NULL ? "polygons" : "nothing");
    GEOSGeom_destroy_r(context, polygons);
    GEOSGeom_destroy_r(context, first);
    GEOS_finish_r(context);
    return 0;
}
