/* Members that a collection took, whether it could be made or not. */
#include <geos_c.h>
#include <stdio.h>

int main(void)
{
    GEOSContextHandle_t context = GEOS_init_r();
    GEOSGeometry *lost[] = {GEOSGeom_createPointFromXY_r(context, 1, 2), GEOSGeom_createPointFromXY_r(context, 3, 4)};
    GEOSGeometry *members[] = {GEOSGeom_createPointFromXY_r(context, 1, 2), GEOSGeom_createPointFromXY_r(context, 3, 4)};
    GEOSGeometry *none = GEOSGeom_createCollection_r(context, 77, lost, 2);
    GEOSGeometry *whole = GEOSGeom_createCollection_r(context, GEOS_MULTIPOINT, members, 2);
    printf("%d %d\n", none == NULL, GEOSGetNumCoordinates_r(context, members[1]));
    GEOSGeom_destroy_r(context, whole);
    GEOS_finish_r(context);
    return 0;
}
