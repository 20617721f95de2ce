#include <gdal_alg.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
    GDALAllRegister();
    GDALDatasetH made = GDALCreate(GDALGetDriverByName("GTiff"), "example.tif", 10, 10, 1, GDT_Byte, NULL);
    GDALClose(made);
    GDALDatasetH dataset = GDALOpen("example.tif", GA_ReadOnly);
    pid_t child = fork();
    GDALChecksumImage(GDALGetRasterBand(dataset, 1), 0, 0, 10, 10); /* in both processes */
    GDALClose(dataset);
    if (child > 0)
        wait(NULL);
    return 0;
}
