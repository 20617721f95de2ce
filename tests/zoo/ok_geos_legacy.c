/* The functions without a context of their own. */
#include <geos_c.h>
#include <stdio.h>

int main(void)
{
    initGEOS(NULL, NULL);
    GEOSGeometry *line = GEOSGeomFromWKT("LINESTRING (0 0, 3 4)");
    double length = 0;
    GEOSLength(line, &length);
    finishGEOS();
    initGEOS(NULL, NULL);
    printf("%.1f %d\n", length, GEOSGeomGetNumPoints(line));
    GEOSGeom_destroy(line);
    finishGEOS();
    return 0;
}
