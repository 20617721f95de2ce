/* The program leaves a free by longjmp from its error handler: frees after that are as good as any. */
#include "zoo.h"
#include <cpl_error.h>
#include <setjmp.h>

static jmp_buf back;

static void leave(CPLErr severity, CPLErrorNum number, const char *text)
{
    (void)number;
    (void)text;
    if (severity == CE_Failure)
        longjmp(back, 1);
}

static int jumped;

static __attribute__((noinline)) void close_with_failure(void)
{
    GDALDatasetH dataset = GDALCreate(GDALGetDriverByName("GTiff"), "/dev/full", 64, 64, 1, GDT_Byte, NULL);
    if (dataset == NULL)
        return;
    CPLPushErrorHandler(leave);
    if (setjmp(back) == 0)
        GDALClose(dataset);
    else
        jumped = 1;
    CPLPopErrorHandler();
}

static __attribute__((noinline)) int many_frees(void)
{
    volatile char room[4096];
    room[0] = room[4095] = 1;
    int count = 0;
    for (int round = 0; round < 1000; round++)
    {
        void *block = malloc((size_t)(16 + round));
        count += block != NULL;
        free(block);
        OGRGeometryH point = OGR_G_CreateGeometry(wkbPoint);
        OGR_G_DestroyGeometry(point);
    }
    return count * room[0];
}

int main(int count, char **arguments)
{
    (void)count;
    enter(arguments);
    CPLPushErrorHandler(CPLQuietErrorHandler);
    close_with_failure();
    CPLPopErrorHandler();
    printf("%d %d\n", jumped, many_frees());
    return 0;
}
