/* A dataset closed twice. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALOpen("tiny.tif", GA_ReadOnly); /* obtained */
    printf("%d\n", GDALGetRasterXSize(dataset));
    GDALClose(dataset); /* freed */
    GDALClose(dataset); /* used */
    printf("end\n");
    return 0;
}
