/* A dataset for each thread; one dataset moves between threads, one after the other. */
#include "zoo.h"
#include <pthread.h>

static GDALDatasetH moving;

static void *read_own(void *nothing)
{
    unsigned char pixel;
    GDALDatasetH own = GDALOpen("tiny.tif", GA_ReadOnly);
    if (GDALDatasetRasterIO(own, GF_Read, 0, 0, 1, 1, &pixel, 1, 1, GDT_Byte, 1, NULL, 0, 0, 0) != CE_None)
        puts("failed");
    GDALClose(own);
    return nothing;
}

static void *read_moving(void *nothing)
{
    unsigned char pixel;
    if (GDALDatasetRasterIO(moving, GF_Read, 0, 0, 1, 1, &pixel, 1, 1, GDT_Byte, 1, NULL, 0, 0, 0) != CE_None)
        puts("failed");
    return nothing;
}

static int progress(double done, const char *message, void *started)
{
    (void)done;
    (void)message;
    if ((*(int *)started)++ == 0)
    {
        pthread_t thread;
        pthread_create(&thread, NULL, read_own, NULL);
        pthread_join(thread, NULL);
    }
    return 1;
}

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    int started = 0;
    pthread_t thread;
    moving = GDALOpen("tiny.tif", GA_ReadOnly);
    pthread_create(&thread, NULL, read_moving, NULL);
    pthread_join(thread, NULL);
    GDALDatasetH copy = GDALCreateCopy(GDALGetDriverByName("MEM"), "", moving, 0, NULL, progress, &started);
    printf("%d\n", GDALChecksumImage(GDALGetRasterBand(copy, 1), 0, 0, 20, 10));
    GDALClose(copy);
    GDALClose(moving);
    return 0;
}
