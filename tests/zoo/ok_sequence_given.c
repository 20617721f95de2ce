/* A clone of the coordinate sequence of a line is given to a ring. */
#include <geos_c.h>
#include <stdio.h>

int main(void)
{
    GEOSContextHandle_t context = GEOS_init_r();
    GEOSWKTReader *reader = GEOSWKTReader_create_r(context);
    GEOSGeometry *line = GEOSWKTReader_read_r(context, reader, "LINESTRING (0 0, 1 0, 1 1, 0 0)");
    GEOSCoordSequence *sequence = GEOSCoordSeq_clone_r(context, GEOSGeom_getCoordSeq_r(context, line));
    GEOSGeometry *ring = GEOSGeom_createLinearRing_r(context, sequence);
    GEOSGeom_destroy_r(context, line);
    printf("%s\n", ring != NULL ? "a ring" : "no ring");
    GEOSGeom_destroy_r(context, ring);
    GEOSWKTReader_destroy_r(context, reader);
    GEOS_finish_r(context);
    return 0;
}
