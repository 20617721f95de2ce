/* One thread is inside a copy of a dataset, another one reads from the same dataset: nothing crashes, and any pixel may be wrong. */
#include "zoo.h"
#include <pthread.h>

static GDALDatasetH dataset;

static void *read_corner(void *nothing)
{
    unsigned char pixel;
    if (GDALDatasetRasterIO(dataset, GF_Read, 0, 0, 1, 1, &pixel, 1, 1, GDT_Byte, 1, NULL, 0, 0, 0) != CE_None) /* used */
        puts("failed");
    return nothing;
}

/* In the middle of the copy another thread does its work. */
static int progress(double done, const char *message, void *started)
{
    (void)done;
    (void)message;
    if ((*(int *)started)++ == 0)
    {
        pthread_t thread;
        pthread_create(&thread, NULL, read_corner, NULL);
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
    dataset = GDALOpen("tiny.tif", GA_ReadOnly); /* obtained */
    pthread_create(&thread, NULL, read_corner, NULL); /* after the creation of a thread the process is never again alone */
    pthread_join(thread, NULL);
    GDALDatasetH copy = GDALCreateCopy(GDALGetDriverByName("MEM"), "", dataset, 0, NULL, progress, &started); /* other */
    printf("%d\n", GDALChecksumImage(GDALGetRasterBand(copy, 1), 0, 0, 20, 10));
    GDALClose(copy);
    GDALClose(dataset);
    return 0;
}
