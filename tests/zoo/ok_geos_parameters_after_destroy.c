/* Parameters that die before what was made with them. */
#include <geos_c.h>
#include <stdio.h>

int main(void)
{
    initGEOS(NULL, NULL);
    GEOSGeometry *point = GEOSGeom_createPointFromXY(1, 2);
    GEOSBufferParams *parameters = GEOSBufferParams_create();
    GEOSMakeValidParams *valid = GEOSMakeValidParams_create();
    GEOSBufferParams_setQuadrantSegments(parameters, 2);
    GEOSGeometry *around = GEOSBufferWithParams(point, parameters, 1);
    GEOSGeometry *good = GEOSMakeValidWithParams(around, valid);
    GEOSMakeValidParams_destroy(valid);
    GEOSBufferParams_destroy(parameters);
    printf("%d %d\n", GEOSGetNumCoordinates(around), GEOSGetNumCoordinates(good));
    GEOSGeom_destroy(around);
    GEOSGeom_destroy(good);
    GEOSGeom_destroy(point);
    finishGEOS();
    return 0;
}
