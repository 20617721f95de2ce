/* A clone of the part is destroyed. */
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
    GEOSGeometry *part = GEOSGeom_clone_r(context, GEOSGetGeometryN_r(context, whole, 0));
    GEOSGeom_destroy_r(context, part);
    printf("%d\n", GEOSGetNumGeometries_r(context, whole));
    GEOSGeom_destroy_r(context, whole);
    GEOS_finish_r(context);
    return 0;
}
