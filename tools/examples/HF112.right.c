#include <gdal_alg.h>
#include <pthread.h>

static void *read_much(void *dataset)
{
    for (int i = 0; i < 20000; i++)
        GDALChecksumImage(GDALGetRasterBand(dataset, 1), 0, 0, 10, 10);
    return NULL;
}

int main(void)
{
    pthread_t thread;
    GDALAllRegister();
    GDALDatasetH dataset = GDALCreate(GDALGetDriverByName("MEM"), "", 10, 10, 1, GDT_Byte, NULL);
    GDALDatasetH second = GDALCreate(GDALGetDriverByName("MEM"), "", 10, 10, 1, GDT_Byte, NULL);
    pthread_create(&thread, NULL, read_much, second); /* a dataset for each thread */
    read_much(dataset);
    pthread_join(thread, NULL);
    GDALClose(second);
    GDALClose(dataset);
    return 0;
}
