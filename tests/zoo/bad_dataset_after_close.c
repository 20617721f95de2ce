/* A dataset used after its close. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALOpen("tiny.tif", GA_ReadOnly); /* obtained */
    GDALClose(dataset);                                       /* freed */
    printf("%d\n", GDALGetRasterXSize(dataset));              /* used */
    return 0;
}
