/* Two datasets of one file, each closed once. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALOpen("tiny.tif", GA_ReadOnly);
    GDALDatasetH other = GDALOpen("tiny.tif", GA_ReadOnly);
    printf("%d\n", GDALGetRasterXSize(dataset));
    GDALClose(dataset);
    printf("%d\n", GDALGetRasterXSize(other));
    GDALClose(other);
    return 0;
}
