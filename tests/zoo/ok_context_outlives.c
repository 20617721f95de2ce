/* The context first, then the dataset. */
/* needs debian pyogrio */
#include "zoo.h"
#include <proj.h>

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    PJ_CONTEXT *context = proj_context_create();
    GDALDatasetH dataset = GDALOpen("tiny.tif", GA_ReadOnly);
    printf("%d\n", GDALGetRasterXSize(dataset));
    proj_context_destroy(context);
    GDALClose(dataset);
    return 0;
}
