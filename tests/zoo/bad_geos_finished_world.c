/* A geometry used without a context of its own after finishGEOS ended the one that all those functions share. */
#include <geos_c.h>
#include <stdio.h>

int main(void)
{
    double length = -1;
    initGEOS(NULL, NULL);
    GEOSGeometry *line = GEOSGeomFromWKT("LINESTRING (0 0, 3 4)"); /* obtained */
    finishGEOS(); /* freed */
    int fine = GEOSLength(line, &length); /* used */
    printf("%d %.1f\n", fine, length);
    GEOSGeom_destroy(line);
    return 0;
}
