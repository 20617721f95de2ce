#include <gdal.h>

int main(void)
{
    GDALAllRegister();
    GDALDatasetH dataset = GDALCreate(GDALGetDriverByName("MEM"), "", 10, 10, 1, GDT_Byte, NULL);
    GDALReferenceDataset(dataset); /* a second owner takes a reference */
    GDALReleaseDataset(dataset);
    GDALReleaseDataset(dataset);   /* and each releases its own */
    return 0;
}
