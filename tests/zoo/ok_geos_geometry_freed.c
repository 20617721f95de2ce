/* What GEOSFree is for: texts, bytes and reasons, which are the caller's and outlive the geometry that they are of. */
#include <geos_c.h>
#include <stdio.h>

int main(void)
{
    GEOSContextHandle_t context = GEOS_init_r();
    GEOSGeometry *point = GEOSGeom_createPointFromXY_r(context, 1, 2);
    GEOSWKBWriter *writer = GEOSWKBWriter_create_r(context);
    size_t size = 0;
    unsigned char *bytes = GEOSWKBWriter_write_r(context, writer, point, &size);
    char *type = GEOSGeomType_r(context, point), *text = GEOSGeomToWKT_r(context, point);
    GEOSWKBWriter_destroy_r(context, writer);
    GEOSGeom_destroy_r(context, point);
    GEOSGeometry *again = GEOSGeomFromWKT_r(context, text);
    printf("%s %d %d\n", type, (int)size, again != NULL);
    GEOSFree_r(context, text);
    GEOSGeom_destroy_r(context, again);
    GEOS_finish_r(context);
    GEOSFree_r(context, type);
    GEOSFree(bytes);
    return 0;
}
