/* client RASTER right|wrong|untouched: a small client in C. It prints a width, and with "untouched" whether Holdfast is in this process and under which user it runs. */
#include <dlfcn.h>
#include <gdal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int count, char **arguments)
{
    GDALAllRegister();
    GDALDatasetH dataset = GDALOpen(arguments[1], GA_ReadOnly);
    if (count < 3 || dataset == NULL)
        return 3;
    GDALRasterBandH band = GDALGetRasterBand(dataset, 1);
    if (strcmp(arguments[2], "wrong") == 0)
        GDALClose(dataset);
    printf("width %d\n", GDALGetRasterBandXSize(band)); /* the late use */
    if (strcmp(arguments[2], "wrong") != 0)
        GDALClose(dataset);
    if (strcmp(arguments[2], "untouched") == 0)
        printf("holdfast %s, effective user %d\n", dlsym(RTLD_DEFAULT, "holdfast_error_count") != NULL ? "is here" : "is not here", (int)geteuid());
    GDALDestroyDriverManager();
    return 0;
}
