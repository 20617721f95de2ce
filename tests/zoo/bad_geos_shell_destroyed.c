/* A shell destroyed after a polygon was made of it. */
#include <geos_c.h>
#include <stdio.h>

static GEOSGeometry *read(GEOSContextHandle_t context, const char *text)
{
    GEOSWKTReader *reader = GEOSWKTReader_create_r(context);
    GEOSGeometry *geometry = GEOSWKTReader_read_r(context, reader, text); /* obtained */
    GEOSWKTReader_destroy_r(context, reader);
    return geometry;
}

int main(void)
{
    GEOSContextHandle_t context = GEOS_init_r();
    GEOSGeometry *shell = read(context, "LINEARRING (0 0, 0 1, 1 1, 1 0, 0 0)");
    GEOSGeometry *polygon = GEOSGeom_createPolygon_r(context, shell, NULL, 0); /* freed */
    GEOSGeom_destroy_r(context, shell); /* used */
    double area = 0;
    GEOSArea_r(context, polygon, &area);
    printf("%.1f\n", area);
    GEOSGeom_destroy_r(context, polygon);
    GEOS_finish_r(context);
    return 0;
}
