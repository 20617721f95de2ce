/* The polygon owns shell and hole, the array stays the caller's. */
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
    GEOSGeometry *shell = read(context, "LINEARRING (0 0, 0 9, 9 9, 9 0, 0 0)");
    GEOSGeometry *holes[] = {read(context, "LINEARRING (1 1, 1 2, 2 2, 2 1, 1 1)")};
    GEOSGeometry *polygon = GEOSGeom_createPolygon_r(context, GEOSGeom_clone_r(context, shell), holes, 1);
    GEOSGeom_destroy_r(context, shell);
    double area = 0;
    GEOSArea_r(context, polygon, &area);
    printf("%.1f\n", area);
    GEOSGeom_destroy_r(context, polygon);
    GEOS_finish_r(context);
    return 0;
}
