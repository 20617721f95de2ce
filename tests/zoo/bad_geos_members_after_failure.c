/* The members of a collection that could not be made: they were taken all the same. */
#include <geos_c.h>
#include <stdio.h>

int main(void)
{
    GEOSContextHandle_t context = GEOS_init_r();
    GEOSGeometry *members[] = {
        GEOSGeom_createPointFromXY_r(context, 1, 2), /* obtained */
        GEOSGeom_createPointFromXY_r(context, 3, 4),
    };
    GEOSGeometry *whole = GEOSGeom_createCollection_r(context, 77, members, 2); /* freed */
    if (whole == NULL)
        GEOSGeom_destroy_r(context, members[0]); /* used */
    GEOS_finish_r(context);
    printf("end\n");
    return 0;
}
