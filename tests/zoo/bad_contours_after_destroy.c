/* A line is fed to a contour generator that was destroyed. */
#include "zoo.h"

static CPLErr write_contour(double level, int count, double *x, double *y, void *data)
{
    (void)level, (void)count, (void)x, (void)y;
    ++*(int *)data;
    return CE_None;
}

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    int contours = 0;
    double line[] = {0, 5, 10, 15};
    GDALContourGeneratorH generator = GDAL_CG_Create(4, 2, FALSE, 0, 2, 0, write_contour, &contours); /* obtained */
    GDAL_CG_FeedLine(generator, line);
    GDAL_CG_Destroy(generator);                          /* freed */
    printf("%d\n", GDAL_CG_FeedLine(generator, line));   /* used */
    return 0;
}
