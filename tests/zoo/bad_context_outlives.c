/* A PROJ context is still there when the dataset is released: forbidden by the book, harmless in practice, told on request. */
/* needs debian pyogrio */
#include "zoo.h"
#include <proj.h>

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    PJ_CONTEXT *context = proj_context_create(); /* obtained */
    GDALDatasetH dataset = GDALOpen("tiny.tif", GA_ReadOnly);
    printf("%d\n", GDALGetRasterXSize(dataset));
    GDALClose(dataset); /* used */
    proj_context_destroy(context);
    return 0;
}
