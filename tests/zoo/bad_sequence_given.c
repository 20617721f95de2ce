/* The coordinate sequence of a line is given to a ring. It works as long as nobody touches the line any more. */
#include <geos_c.h>
#include <stdio.h>

int main(void)
{
    GEOSContextHandle_t context = GEOS_init_r();
    GEOSWKTReader *reader = GEOSWKTReader_create_r(context);
    GEOSGeometry *line = GEOSWKTReader_read_r(context, reader, "LINESTRING (0 0, 1 0, 1 1, 0 0)");
    const GEOSCoordSequence *sequence = GEOSGeom_getCoordSeq_r(context, line); /* obtained */
    GEOSGeometry *ring = GEOSGeom_createLinearRing_r(context, (GEOSCoordSequence *)sequence); /* used */
    printf("%s\n", ring != NULL ? "a ring" : "no ring");
    GEOSGeom_destroy_r(context, ring);
    GEOSWKTReader_destroy_r(context, reader);
    GEOS_finish_r(context);
    return 0;
}
