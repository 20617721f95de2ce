/* The whole lives as long as its part is used. */
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
    const GEOSGeometry *part = GEOSGetGeometryN_r(context, whole, 1);
    printf("%d\n", GEOSGetNumCoordinates_r(context, part));
    GEOSGeometry *copy = GEOSGeom_clone_r(context, part);
    GEOSGeom_destroy_r(context, whole);
    printf("%d\n", GEOSGetNumCoordinates_r(context, copy));
    GEOSGeom_destroy_r(context, copy);
    GEOS_finish_r(context);
    return 0;
}
