#include <gdal.h>

int main(void)
{
    GDALAllRegister();
    GDALDatasetH dataset = GDALCreate(GDALGetDriverByName("MEM"), "", 10, 10, 1, GDT_Byte, NULL);
    GDALClose(dataset);
    GDALDestroyDriverManager(); /* after all handles */
    return 0;
}
