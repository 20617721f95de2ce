/* A new dataset is closed, and what is plain memory of the caller's is given to CPLFree. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALCreate(GDALGetDriverByName("GTiff"), "new.tif", 20, 10, 1, GDT_Byte, NULL);
    GDALFillRaster(GDALGetRasterBand(dataset, 1), 7, 0);
    char *name = CPLStrdup(GDALGetDescription(dataset));
    GDALClose(dataset);
    printf("%s\n", name);
    CPLFree(name);
    CPLFree(NULL);
    return 0;
}
