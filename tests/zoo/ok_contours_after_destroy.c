/* Contour generators, gridding contexts and triangulations, one after the other, at addresses that come again. */
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
    for (int i = 0; i < 3; i++)
    {
        int contours = 0;
        double line[] = {0, 5, 10, 15};
        GDALContourGeneratorH generator = GDAL_CG_Create(4, 2, FALSE, 0, 2, 0, write_contour, &contours);
        GDAL_CG_FeedLine(generator, line);
        GDAL_CG_FeedLine(generator, line);
        GDAL_CG_Destroy(generator);
        printf("%d\n", contours);
    }
    double x[] = {0, 0, 1, 1}, y[] = {0, 1, 0, 1}, z[] = {1, 1, 1, 1};
    GDALGridNearestNeighborOptions nearest = {.nSizeOfStructure = sizeof nearest};
    GDALGridContext *context = GDALGridContextCreate(GGA_NearestNeighbor, &nearest, 4, x, y, z, TRUE);
    float values[4] = {0};
    CPLErr error = GDALGridContextProcess(context, 0, 1, 0, 1, 2, 2, GDT_Float32, values, NULL, NULL);
    printf("%d %.0f\n", error, (double)values[3]);
    GDALGridContextFree(context);
    GDALTriangulation *triangulation = GDALHasTriangulation() ? GDALTriangulationCreateDelaunay(4, x, y) : NULL;
    int facet = -1;
    if (triangulation != NULL && GDALTriangulationComputeBarycentricCoefficients(triangulation, x, y))
        GDALTriangulationFindFacetBruteForce(triangulation, 0.1, 0.1, &facet);
    printf("%d\n", facet >= 0);
    GDALTriangulationFree(triangulation);
    return 0;
}
