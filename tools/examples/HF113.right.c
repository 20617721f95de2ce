#include <gdal_alg.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
    GDALAllRegister();
    GDALDatasetH made = GDALCreate(GDALGetDriverByName("GTiff"), "example.tif", 10, 10, 1, GDT_Byte, NULL);
    GDALClose(made);
    pid_t child = fork();
    GDALDatasetH dataset = GDALOpen("example.tif", GA_ReadOnly); /* each process opens its own */
    GDALChecksumImage(GDALGetRasterBand(dataset, 1), 0, 0, 10, 10);
    GDALClose(dataset);
    if (child > 0)
        wait(NULL);
    return 0;
}
