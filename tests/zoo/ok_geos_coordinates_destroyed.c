/* A clone of the coordinates is destroyed; coordinates given to a line are the line's. */
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
    GEOSGeometry *line = read(context, "LINESTRING (0 0, 3 4)");
    GEOSCoordSequence *sequence = GEOSCoordSeq_clone_r(context, GEOSGeom_getCoordSeq_r(context, line));
    GEOSGeometry *other = GEOSGeom_createLineString_r(context, GEOSCoordSeq_clone_r(context, sequence));
    GEOSCoordSeq_destroy_r(context, sequence);
    double length = 0;
    GEOSLength_r(context, other, &length);
    printf("%.1f\n", length);
    GEOSGeom_destroy_r(context, line);
    GEOSGeom_destroy_r(context, other);
    GEOS_finish_r(context);
    return 0;
}
