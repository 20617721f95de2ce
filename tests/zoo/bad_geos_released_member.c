/* A member that a collection released, destroyed twice: releasing made it the caller's own. */
/* needs geos>=3.12 */
#include <dlfcn.h>
#include <geos_c.h>
#include <stdio.h>

typedef GEOSGeometry **release_function(GEOSContextHandle_t, GEOSGeometry *, unsigned *);

int main(void)
{
    unsigned count = 0;
    GEOSContextHandle_t context = GEOS_init_r();
    release_function *release = (release_function *)dlsym(RTLD_DEFAULT, "GEOSGeom_releaseCollection_r");
    GEOSGeometry *whole = GEOSGeomFromWKT_r(context, "GEOMETRYCOLLECTION (POINT (1 2), LINESTRING (0 0, 3 4))");
    GEOSGeometry **members = release(context, whole, &count); /* obtained */
    GEOSGeometry *line = members[1];
    GEOSGeom_destroy_r(context, whole);
    GEOSGeom_destroy_r(context, members[0]);
    GEOSFree_r(context, members);
    GEOSGeom_destroy_r(context, line); /* freed */
    GEOSGeom_destroy_r(context, line); /* used */
    GEOS_finish_r(context);
    printf("%u\n", count);
    return 0;
}
