/* A clone of the shell for each polygon. */
#include <geos_c.h>
#include <stdio.h>

int main(void)
{
    initGEOS(NULL, NULL);
    GEOSGeometry *line = GEOSGeomFromWKT("LINEARRING (0 0, 0 5, 5 5, 5 0, 0 0)");
    GEOSGeometry *first = GEOSGeom_createPolygon(GEOSGeom_clone(line), NULL, 0);
    GEOSGeometry *second = GEOSGeom_createPolygon(line, NULL, 0);
    printf("%s\n", second != NULL ? "two" : "one");
    GEOSGeom_destroy(second);
    GEOSGeom_destroy(first);
    finishGEOS();
    return 0;
}
