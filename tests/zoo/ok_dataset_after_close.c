/* Closed, opened again, used. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALOpen("tiny.tif", GA_ReadOnly);
    GDALClose(dataset);
    dataset = GDALOpen("tiny.tif", GA_ReadOnly);
    printf("%d\n", GDALGetRasterXSize(dataset));
    GDALClose(dataset);
    return 0;
}
