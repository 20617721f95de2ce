/* The coordinates of a ring, kept over a normalisation, which gives the ring others. */
#include <geos_c.h>
#include <stdio.h>

int main(void)
{
    double x = -1;
    GEOSContextHandle_t context = GEOS_init_r();
    GEOSGeometry *square = GEOSGeomFromWKT_r(context, "POLYGON ((5 5, 5 0, 0 0, 0 5, 5 5))");
    const GEOSCoordSequence *sequence = GEOSGeom_getCoordSeq_r(context, GEOSGetExteriorRing_r(context, square)); /* obtained */
    GEOSNormalize_r(context, square); /* freed */
    GEOSCoordSeq_getX_r(context, sequence, 0, &x); /* used */
    printf("%.0f\n", x);
    GEOSGeom_destroy_r(context, square);
    GEOS_finish_r(context);
    return 0;
}
