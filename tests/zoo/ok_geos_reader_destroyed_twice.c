/* Readers, writers and geometries of the one form destroyed by the other, each once. */
#include <geos_c.h>
#include <stdio.h>

int main(void)
{
    GEOSContextHandle_t context = GEOS_init_r();
    initGEOS(NULL, NULL);
    GEOSWKBReader *reader = GEOSWKBReader_create_r(context);
    GEOSWKTWriter *writer = GEOSWKTWriter_create();
    GEOSGeometry *point = GEOSGeom_createEmptyPoint();
    char *text = GEOSWKTWriter_write_r(context, writer, point);
    printf("%s\n", text);
    GEOSFree(text);
    GEOSGeom_destroy_r(context, point);
    GEOSWKTWriter_destroy_r(context, writer);
    GEOSWKBReader_destroy(reader);
    finishGEOS();
    GEOS_finish_r(context);
    return 0;
}
