/* A GEOS geometry used after it was destroyed; the refusal reaches the error handler. */
#include <geos_c.h>
#include <stdio.h>

static void tell(const char *message, void *data)
{
    (void)data;
    fprintf(stderr, "GEOS says: %s\n", message);
}

int main(void)
{
    GEOSContextHandle_t context = GEOS_init_r();
    GEOSContext_setErrorMessageHandler_r(context, tell, NULL);
    GEOSGeometry *point = GEOSGeom_createPointFromXY_r(context, 1, 2); /* obtained */
    GEOSGeom_destroy_r(context, point); /* freed */
    char empty = GEOSisEmpty_r(context, point); /* used */
    printf("%d\n", empty);
    GEOS_finish_r(context);
    return 0;
}
