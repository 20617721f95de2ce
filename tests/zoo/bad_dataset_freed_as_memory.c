/* A new dataset is given to CPLFree instead of GDALClose: no file is ever written. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALCreate(GDALGetDriverByName("GTiff"), "new.tif", 20, 10, 1, GDT_Byte, NULL); /* obtained */
    GDALFillRaster(GDALGetRasterBand(dataset, 1), 7, 0);
    CPLFree(dataset); /* used */
    printf("end\n");
    return 0;
}
