/* The name that a dataset lends used after it was closed. */
/* needs debian rasterio pyogrio */
/* (the wheel of fiona, of GCC's older ABI for C++, has strings whose texts lie inside shared blocks: their end is not seen) */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALOpen("./././././tiny.tif", GA_ReadOnly);
    const char *name = GDALGetDescription(dataset); /* obtained */
    GDALClose(dataset); /* freed */
    GDALDriverH driver = GDALIdentifyDriver(name, NULL); /* used */
    printf("%s\n", driver == NULL ? "lost" : "found");
    return 0;
}
