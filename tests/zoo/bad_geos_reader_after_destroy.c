/* A WKT reader used after it was destroyed. */
#include <geos_c.h>
#include <stdio.h>

int main(void)
{
    GEOSContextHandle_t context = GEOS_init_r();
    GEOSWKTReader *reader = GEOSWKTReader_create_r(context); /* obtained */
    GEOSWKTReader_destroy_r(context, reader); /* freed */
    GEOSGeometry *point = GEOSWKTReader_read_r(context, reader, "POINT (1 2)"); /* used */
    printf("%s\n", point != NULL ? "a point" : "nothing");
    GEOSGeom_destroy_r(context, point);
    GEOS_finish_r(context);
    return 0;
}
