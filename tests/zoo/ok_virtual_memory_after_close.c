/* Virtual memory over a band freed before its dataset. */
#include "zoo.h"
#include <cpl_virtualmem.h>
int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    GDALDatasetH dataset = GDALOpen("tiny.tif", GA_ReadOnly);
    GDALRasterBandH band = GDALGetRasterBand(dataset, 1);
    CPLVirtualMem *memory = GDALRasterBandGetVirtualMem(band, GF_Read, 0, 0, 20, 10, 20, 10, GDT_Byte, 1, 20, 65536, 0, TRUE, NULL);
    unsigned char *pixels = CPLVirtualMemGetAddr(memory);
    printf("%d\n", pixels[5]);
    CPLVirtualMemFree(memory);
    GDALClose(dataset);
    printf("end\n");
    return 0;
}
