#include <gdal.h>

int main(void)
{
    GDALAllRegister();
    GDALDatasetH dataset = GDALCreate(GDALGetDriverByName("MEM"), "", 10, 10, 1, GDT_Byte, NULL);
    GDALDatasetH same = dataset; /* two variables, one dataset */
    GDALClose(dataset);
    GDALClose(same);
    return 0;
}
