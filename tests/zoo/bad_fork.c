/* A dataset is opened, then the process forks: parent and child read through one file position. */
#include "zoo.h"
#include <sys/wait.h>

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    int status = 0;
    GDALDatasetH dataset = GDALOpen("tiny.tif", GA_ReadOnly); /* obtained */
    GDALRasterBandH band = GDALGetRasterBand(dataset, 1); /* obtained2 */
    fflush(stdout);
    pid_t child = fork();
    if (child == 0)
    {
        unsigned char pixel = 255;
        CPLErr error = GDALRasterIO(band, GF_Read, 0, 0, 1, 1, &pixel, 1, 1, GDT_Byte, 0, 0); /* used */
        exit(error == CE_None ? pixel : 9);
    }
    waitpid(child, &status, 0);
    printf("%d\n", WEXITSTATUS(status));
    GDALClose(dataset);
    return 0;
}
