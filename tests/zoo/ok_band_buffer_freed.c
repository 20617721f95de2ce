/* Memory under a band of a MEM dataset outlives the dataset. */
#include "zoo.h"

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALCreate(GDALGetDriverByName("MEM"), "m", 8, 4, 0, GDT_Byte, NULL);
    unsigned char *pixels = calloc(8, 4);
    char text[64];
    snprintf(text, sizeof text, "DATAPOINTER=%p", (void *)pixels);
    GDALAddBand(dataset, GDT_Byte, (char *[]){text, NULL});
    GDALRasterBandH band = GDALGetRasterBand(dataset, 1);
    GDALFillRaster(band, 3, 0);
    GDALFlushCache(dataset);
    printf("%d\n", pixels[0]);
    printf("%d\n", GDALChecksumImage(band, 0, 0, 8, 4));
    GDALClose(dataset);
    free(pixels);
    return 0;
}
