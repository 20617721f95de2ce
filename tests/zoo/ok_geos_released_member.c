/* Members that a collection released outlive it, and so does what was lent by them before. */
/* needs geos>=3.12 */
#include <dlfcn.h>
#include <geos_c.h>
#include <stdio.h>

typedef GEOSGeometry **release_function(GEOSContextHandle_t, GEOSGeometry *, unsigned *);

int main(void)
{
    unsigned count = 0, size = 0;
    GEOSContextHandle_t context = GEOS_init_r();
    release_function *release = (release_function *)dlsym(RTLD_DEFAULT, "GEOSGeom_releaseCollection_r");
    GEOSGeometry *whole = GEOSGeomFromWKT_r(context, "GEOMETRYCOLLECTION (POINT (1 2), LINESTRING (0 0, 3 4))");
    const GEOSGeometry *line = GEOSGetGeometryN_r(context, whole, 1);
    const GEOSCoordSequence *sequence = GEOSGeom_getCoordSeq_r(context, line);
    GEOSGeometry **members = release(context, whole, &count);
    GEOSGeom_destroy_r(context, whole);
    GEOSCoordSeq_getSize_r(context, sequence, &size);
    printf("%u %u %d\n", count, size, GEOSGetNumCoordinates_r(context, line));
    for (unsigned i = 0; i < count; i++)
        GEOSGeom_destroy_r(context, members[i]);
    GEOSFree_r(context, members);
    GEOS_finish_r(context);
    return 0;
}
