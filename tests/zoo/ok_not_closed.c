/* What was written is closed; what is only read, or lies in memory, may stay to the end. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALCreate(GDALGetDriverByName("GTiff"), "new.tif", 16, 16, 1, GDT_Byte, NULL);
    GDALFillRaster(GDALGetRasterBand(dataset, 1), 7, 0);
    GDALClose(dataset);
    GDALDatasetH memory = GDALCreate(GDALGetDriverByName("MEM"), "", 16, 16, 1, GDT_Byte, NULL);
    GDALFillRaster(GDALGetRasterBand(memory, 1), 7, 0);
    GDALDatasetH read = GDALOpen("tiny.tif", GA_ReadOnly);
    printf("%d\n", GDALGetRasterXSize(read));
    return 0;
}
