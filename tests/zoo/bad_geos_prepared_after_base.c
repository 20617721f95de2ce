/* A prepared geometry used after its base was destroyed. */
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
    GEOSGeometry *point = GEOSGeom_createPointFromXY_r(context, 1, 2);
    GEOSGeometry *square = read(context, "POLYGON ((0 0, 0 5, 5 5, 5 0, 0 0))");
    const GEOSPreparedGeometry *prepared = GEOSPrepare_r(context, square); /* obtained */
    GEOSGeom_destroy_r(context, square); /* freed */
    char contains = GEOSPreparedContains_r(context, prepared, point); /* used */
    printf("%d\n", contains);
    GEOSPreparedGeom_destroy_r(context, prepared);
    GEOSGeom_destroy_r(context, point);
    GEOS_finish_r(context);
    return 0;
}
