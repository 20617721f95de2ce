/* Transformers in every order that is right: the dataset is closed first, the base destroyed last, owned, or first without a use after. */
#include "zoo.h"

static void use(void *transformer)
{
    double x[] = {1, 2}, y[] = {1, 1}, z[] = {0, 0};
    int success[2] = {0, 0};
    int good = GDALUseTransformer(transformer, FALSE, 2, x, y, z, success);
    printf("%d %.0f %.0f\n", good, x[0], y[0]);
}

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALOpen("tiny.tif", GA_ReadOnly);
    void *base = GDALCreateGenImgProjTransformer2(dataset, NULL, NULL);
    GDALClose(dataset);
    use(base);
    void *approximate = GDALCreateApproxTransformer(GDALGenImgProjTransform, base, 0.1);
    use(approximate);
    GDALDestroyApproxTransformer(approximate);
    approximate = GDALCreateApproxTransformer(GDALGenImgProjTransform, base, 0.1);
    use(approximate);
    GDALDestroyGenImgProjTransformer(base);
    GDALDestroyTransformer(approximate);

    dataset = GDALOpen("tiny.tif", GA_ReadOnly);
    base = GDALCreateGenImgProjTransformer2(dataset, NULL, NULL);
    approximate = GDALCreateApproxTransformer(GDALGenImgProjTransform, base, 0.1);
    GDALApproxTransformerOwnsSubtransformer(approximate, TRUE);
    GDALClose(dataset);
    use(approximate);
    GDALDestroyTransformer(approximate);
    return 0;
}
