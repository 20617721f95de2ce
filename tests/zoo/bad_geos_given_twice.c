/* One shell given to two polygons: both will destroy it. */
#include <geos_c.h>
#include <stdio.h>

int main(void)
{
    initGEOS(NULL, NULL);
    GEOSGeometry *line = GEOSGeomFromWKT("LINEARRING (0 0, 0 5, 5 5, 5 0, 0 0)"); /* obtained */
    GEOSGeometry *first = GEOSGeom_createPolygon(line, NULL, 0); /* freed */
    GEOSGeometry *second = GEOSGeom_createPolygon(line, NULL, 0); /* used */
    printf("%s\n", second != NULL ? "two" : "one");
    GEOSGeom_destroy(second);
    GEOSGeom_destroy(first);
    finishGEOS();
    return 0;
}
