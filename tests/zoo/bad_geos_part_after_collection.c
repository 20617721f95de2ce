/* A part used after its collection was destroyed. */
#include <geos_c.h>
#include <stdio.h>

static GEOSGeometry *read(GEOSContextHandle_t context, const char *text)
{
    GEOSWKTReader *reader = GEOSWKTReader_create_r(context);
    GEOSGeometry *geometry = GEOSWKTReader_read_r(context, reader, text);
    GEOSWKTReader_destroy_r(context, reader);
    return geometry;
}

int main(void)
{
    GEOSContextHandle_t context = GEOS_init_r();
    GEOSGeometry *whole = read(context, "GEOMETRYCOLLECTION (POINT (1 2), LINESTRING (0 0, 3 4))");
    const GEOSGeometry *part = GEOSGetGeometryN_r(context, whole, 1); /* obtained */
    GEOSGeom_destroy_r(context, whole); /* freed */
    int points = GEOSGetNumCoordinates_r(context, part); /* used */
    printf("%d\n", points);
    GEOS_finish_r(context);
    return 0;
}
