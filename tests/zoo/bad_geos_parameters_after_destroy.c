/* Buffer parameters used after they were destroyed. */
#include <geos_c.h>
#include <stdio.h>

int main(void)
{
    initGEOS(NULL, NULL);
    GEOSGeometry *point = GEOSGeom_createPointFromXY(1, 2);
    GEOSBufferParams *parameters = GEOSBufferParams_create(); /* obtained */
    GEOSBufferParams_setQuadrantSegments(parameters, 2);
    GEOSBufferParams_destroy(parameters); /* freed */
    GEOSGeometry *around = GEOSBufferWithParams(point, parameters, 1); /* used */
    printf("%s\n", around != NULL ? "a buffer" : "nothing");
    GEOSGeom_destroy(around);
    GEOSGeom_destroy(point);
    finishGEOS();
    return 0;
}
