/* A sequence that a constructor without a context did not take, destroyed twice. Since 3.12 the constructor throws a C++ exception. */
/* needs geos<3.12 */
#include <geos_c.h>
#include <stdio.h>

int main(void)
{
    GEOSContextHandle_t context = GEOS_init_r();
    GEOSCoordSequence *sequence = GEOSCoordSeq_create_r(context, 1, 2); /* obtained */
    printf("%d\n", GEOSGeom_createPoint_r(NULL, sequence) == NULL);
    GEOSCoordSeq_destroy_r(context, sequence); /* freed */
    GEOSCoordSeq_destroy_r(context, sequence); /* used */
    GEOS_finish_r(context);
    return 0;
}
