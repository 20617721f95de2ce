/* Geometries destroyed with the context that was finished before them, as R's sf and terra do it: before GEOS 3.14 the destroyers do not
 * look at their context. */
#include <geos_c.h>
#include <stdio.h>

int main(void)
{
    GEOSContextHandle_t context = GEOS_init_r(), last = context;
    GEOSWKTReader *reader = GEOSWKTReader_create_r(context);
    GEOSBufferParams *parameters = GEOSBufferParams_create_r(context);
    GEOSGeometry *line = GEOSWKTReader_read_r(context, reader, "LINESTRING (0 0, 3 4)");
    const GEOSPreparedGeometry *prepared = GEOSPrepare_r(context, line);
    GEOSCoordSequence *sequence = GEOSCoordSeq_create_r(context, 1, 2);
    GEOSSTRtree *tree = GEOSSTRtree_create_r(context, 10);
    GEOSGeometry *buffer = GEOSBufferWithParams_r(context, line, parameters, 1);
    GEOS_finish_r(context);
#if GEOS_VERSION_MAJOR > 3 || GEOS_VERSION_MINOR >= 14
    last = GEOS_init_r();
#endif
    GEOSPreparedGeom_destroy_r(last, prepared);
    GEOSSTRtree_destroy_r(last, tree);
    GEOSCoordSeq_destroy_r(last, sequence);
    GEOSGeom_destroy_r(last, line);
    GEOSGeom_destroy_r(last, buffer);
    GEOSWKTReader_destroy_r(last, reader);
    GEOSBufferParams_destroy_r(context, parameters);
#if GEOS_VERSION_MAJOR > 3 || GEOS_VERSION_MINOR >= 14
    GEOS_finish_r(last);
#endif
    puts("done");
    return 0;
}
