/* A coordinate sequence destroyed that belongs to its geometry. */
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
    GEOSCoordSequence *sequence = (GEOSCoordSequence *)GEOSGeom_getCoordSeq_r(context, line); /* obtained */
    GEOSCoordSeq_destroy_r(context, sequence); /* used */
    double length = 0;
    GEOSLength_r(context, line, &length);
    printf("%.1f\n", length);
    GEOSGeom_destroy_r(context, line);
    GEOS_finish_r(context);
    return 0;
}
