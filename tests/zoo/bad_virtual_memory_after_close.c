/* Virtual memory over a band read, and freed, after the dataset was closed. */
#include "zoo.h"
#include <cpl_virtualmem.h>
int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALOpen("tiny.tif", GA_ReadOnly);
    GDALRasterBandH band = GDALGetRasterBand(dataset, 1);
    CPLVirtualMem *memory = GDALRasterBandGetVirtualMem(band, GF_Read, 0, 0, 20, 10, 20, 10, GDT_Byte, 1, 20, 65536, 0, TRUE, NULL); /* obtained */
    unsigned char *pixels = CPLVirtualMemGetAddr(memory);
    printf("%d\n", pixels[5]);
    GDALClose(dataset); /* freed */
    CPLVirtualMemFree(memory); /* used */
    printf("end\n");
    return 0;
}
