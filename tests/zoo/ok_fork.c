/* The child opens its own dataset; what lies in memory is its own copy; the parent's handles are only closed. */
#include "zoo.h"
#include <sys/wait.h>

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    int status = 0;
    unsigned char pixel = 7;
    GDALDatasetH before = GDALOpen("tiny.tif", GA_ReadOnly);
    GDALDatasetH memory = GDALCreate(GDALGetDriverByName("MEM"), "", 1, 1, 1, GDT_Byte, NULL);
    if (GDALDatasetRasterIO(memory, GF_Write, 0, 0, 1, 1, &pixel, 1, 1, GDT_Byte, 1, NULL, 0, 0, 0) != CE_None)
        puts("failed");
    GDALDatasetH file = GDALCreateCopy(GDALGetDriverByName("GTiff"), "/vsimem/copy.tif", memory, FALSE, NULL, NULL, NULL);
    GDALFlushCache(file);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0)
    {
        unsigned char own = 255, copied = 255;
        GDALDatasetH dataset = GDALOpen("tiny.tif", GA_ReadOnly);
        if (GDALDatasetRasterIO(dataset, GF_Read, 0, 0, 1, 1, &own, 1, 1, GDT_Byte, 1, NULL, 0, 0, 0) != CE_None)
            puts("failed");
        if (GDALDatasetRasterIO(memory, GF_Read, 0, 0, 1, 1, &copied, 1, 1, GDT_Byte, 1, NULL, 0, 0, 0) != CE_None)
            puts("failed");
        if (GDALDatasetRasterIO(file, GF_Read, 0, 0, 1, 1, &pixel, 1, 1, GDT_Byte, 1, NULL, 0, 0, 0) != CE_None)
            puts("failed");
        GDALClose(dataset);
        GDALClose(file);
        GDALClose(memory);
        GDALClose(before);
        _exit(own + copied);
    }
    waitpid(child, &status, 0);
    printf("%d\n", WEXITSTATUS(status));
    GDALClose(file);
    GDALClose(memory);
    GDALClose(before);
    return 0;
}
