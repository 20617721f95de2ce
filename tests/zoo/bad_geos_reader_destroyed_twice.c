/* A WKB reader destroyed by both forms of its destroyer. */
#include <geos_c.h>
#include <stdio.h>

int main(void)
{
    GEOSContextHandle_t context = GEOS_init_r();
    initGEOS(NULL, NULL);
    GEOSWKBReader *reader = GEOSWKBReader_create_r(context); /* obtained */
    GEOSWKBReader_destroy_r(context, reader); /* freed */
    GEOSWKBReader_destroy(reader); /* used */
    finishGEOS();
    GEOS_finish_r(context);
    printf("end\n");
    return 0;
}
