/* The transformer that an approximating one works with is destroyed before it is used. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALOpen("tiny.tif", GA_ReadOnly);
    void *base = GDALCreateGenImgProjTransformer2(dataset, NULL, NULL);
    void *approximate = GDALCreateApproxTransformer(GDALGenImgProjTransform, base, 0.1); /* obtained */
    GDALDestroyGenImgProjTransformer(base);                                              /* freed */
    double x[] = {1, 2}, y[] = {1, 1}, z[] = {0, 0};
    int success[2] = {0, 0};
    printf("%d\n", GDALUseTransformer(approximate, FALSE, 2, x, y, z, success)); /* used */
    GDALDestroyApproxTransformer(approximate);
    GDALClose(dataset);
    return 0;
}
