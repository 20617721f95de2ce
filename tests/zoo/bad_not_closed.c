/* A dataset is written and never closed: what was written is missing in the file, and nothing says so. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    for (int number = 0; number < 3; number++)
    {
        char name[20];
        snprintf(name, sizeof name, "new%d.tif", number);
        GDALDatasetH dataset = GDALCreate(GDALGetDriverByName("GTiff"), name, 16, 16, 1, GDT_Byte, NULL); /* obtained */
        GDALFillRaster(GDALGetRasterBand(dataset, 1), 7, 0);
    }
    GDALDatasetH opened = GDALOpenEx("palette.tif", GDAL_OF_RASTER | GDAL_OF_UPDATE, NULL, NULL, NULL); /* obtained2 */
    GDALFillRaster(GDALGetRasterBand(opened, 1), 7, 0);
    GDALDatasetH read = GDALOpen("tiny.tif", GA_ReadOnly); /* never closed either, but nothing is lost */
    printf("%d\n", GDALGetRasterXSize(read));
    return 0;
}
