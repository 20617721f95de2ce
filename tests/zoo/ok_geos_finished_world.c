/* What may be done after finishGEOS: geometries, readers and texts are freed, and used with a context or after the next initGEOS. */
#include <geos_c.h>
#include <stdio.h>

int main(void)
{
    double length = -1;
    initGEOS(NULL, NULL);
    GEOSWKTReader *reader = GEOSWKTReader_create();
    GEOSGeometry *line = GEOSWKTReader_read(reader, "LINESTRING (0 0, 3 4)");
    const GEOSPreparedGeometry *prepared = GEOSPrepare(line);
    char *text = GEOSGeomToWKT(line);
    GEOSLength(line, &length);
    finishGEOS();
    printf("%.1f %s\n", length, text);
    GEOSFree(text);
    GEOSPreparedGeom_destroy(prepared);
    GEOSWKTReader_destroy(reader);
    GEOSContextHandle_t context = GEOS_init_r();
    printf("%d\n", GEOSGetNumCoordinates_r(context, line));
    GEOS_finish_r(context);
    initGEOS(NULL, NULL);
    printf("%d\n", GEOSGetNumCoordinates(line));
    finishGEOS();
    GEOSGeom_destroy(line);
    return 0;
}
