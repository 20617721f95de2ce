#include <dlfcn.h>
#include <gdal.h>
#include <stdio.h>

/* argument: another libgdal, as a Python wheel brings one */
int main(int count, char **arguments)
{
    void *copy = count > 1 ? dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL) : NULL;
    if (copy == NULL)
        return 1;
    int (*width)(GDALDatasetH) = (int (*)(GDALDatasetH))dlsym(copy, "GDALGetRasterXSize");
    GDALAllRegister();
    GDALDatasetH dataset = GDALCreate(GDALGetDriverByName("MEM"), "", 10, 10, 1, GDT_Byte, NULL);
    printf("%d\n", GDALGetRasterXSize(dataset)); /* by the copy that made it */
    GDALClose(dataset);
    return width == NULL;
}
