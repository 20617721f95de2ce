/* A part destroyed that belongs to its collection. */
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
    GEOSGeometry *whole = read(context, "MULTIPOINT ((1 2), (3 4))");
    GEOSGeometry *part = (GEOSGeometry *)GEOSGetGeometryN_r(context, whole, 0); /* obtained */
    GEOSGeom_destroy_r(context, part); /* used */
    printf("%d\n", GEOSGetNumGeometries_r(context, whole));
    GEOSGeom_destroy_r(context, whole);
    GEOS_finish_r(context);
    return 0;
}
