/* Warp options are given to CPLFree: the arrays in them are lost. */
#include "zoo.h"
#include <gdalwarper.h>

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALWarpOptions *options = GDALCreateWarpOptions(); /* obtained */
    GDALWarpInitDefaultBandMapping(options, 3);
    CPLFree(options); /* used */
    printf("end\n");
    return 0;
}
