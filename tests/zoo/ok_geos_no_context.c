/* Constructors without a context: they fail before they take anything, so that what they got is still the caller's. Since 3.12 they
 * throw a C++ exception. */
/* needs geos<3.12 */
#include <geos_c.h>
#include <stdio.h>

int main(void)
{
    GEOSContextHandle_t context = GEOS_init_r();
    GEOSCoordSequence *sequence = GEOSCoordSeq_create_r(context, 1, 2);
    GEOSGeometry *member = GEOSGeom_createPointFromXY_r(context, 1, 2);
    printf("%d\n", GEOSGeom_createPoint_r(NULL, sequence) == NULL);
    printf("%d\n", GEOSGeom_createCollection_r(NULL, GEOS_MULTIPOINT, &member, 1) == NULL);
    GEOSCoordSeq_setXY_r(context, sequence, 0, 3, 4);
    GEOSCoordSeq_destroy_r(context, sequence);
    GEOSGeom_destroy_r(context, member);
    GEOS_finish_r(context);
    return 0;
}
