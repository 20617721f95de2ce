#include <gdal.h>
#include <proj.h>

int main(void)
{
    GDALAllRegister();
    GDALDatasetH dataset = GDALCreate(GDALGetDriverByName("MEM"), "", 10, 10, 1, GDT_Byte, NULL);
    PJ_CONTEXT *context = proj_context_create();
    GDALClose(dataset);
    proj_context_destroy(context); /* was still alive at the close */
    return 0;
}
