#include <gdal.h>
#include <proj.h>

int main(void)
{
    GDALAllRegister();
    GDALDatasetH dataset = GDALCreate(GDALGetDriverByName("MEM"), "", 10, 10, 1, GDT_Byte, NULL);
    PJ_CONTEXT *context = proj_context_create();
    proj_context_destroy(context); /* before the dataset */
    GDALClose(dataset);
    return 0;
}
