#include <gdal.h>

int main(void)
{
    GDALAllRegister();
    GDALDatasetH dataset = GDALCreate(GDALGetDriverByName("MEM"), "", 10, 10, 1, GDT_Byte, NULL);
    GDALDestroyDriverManager(); /* closes every dataset */
    GDALClose(dataset);
    return 0;
}
