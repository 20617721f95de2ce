/* A name that a dataset lends is copied before it is closed; names of drivers stay. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALOpen("./././././tiny.tif", GA_ReadOnly);
    const char *driver = GDALGetDriverShortName(GDALGetDatasetDriver(dataset));
    char *name = CPLStrdup(GDALGetDescription(dataset));
    GDALClose(dataset);
    printf("%s\n", GDALIdentifyDriver(name, NULL) == GDALGetDriverByName(driver) ? "found" : "lost");
    CPLFree(name);
    return 0;
}
