/* Everything freed; contexts and drivers live as long as the process; a forked child leaves to its parent what is the parent's. */
/* needs debian pyogrio */
#include "zoo.h"
#include <geos_c.h>
#include <proj.h>
#include <sys/wait.h>

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    for (int number = 0; number < 5; number++)
    {
        OGRGeometryH point = OGR_G_CreateGeometry(wkbPoint);
        OGR_G_SetPoint_2D(point, 0, number, number);
        OGR_G_DestroyGeometry(point);
    }
    GEOSContextHandle_t geos = GEOS_init_r();
    PJ_CONTEXT *proj = proj_context_create();
    OGRSpatialReferenceH srs = OSRNewSpatialReference(NULL);
    GDALDatasetH read = GDALOpen("tiny.tif", GA_ReadOnly);
    printf("%d %d\n", GDALGetRasterXSize(read) + OSRIsGeographic(srs), geos != NULL && proj != NULL);
    fflush(stdout);
    if (fork() == 0)
        exit(0);
    wait(NULL);
    GDALClose(read);
    OSRRelease(srs);
    return 0;
}
