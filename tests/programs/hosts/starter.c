/* starter RASTER right|wrong: starts programs by vfork, posix_spawn and system while a dataset is held back (it was closed, its band lives on), and while threads
 * that opened datasets are gone. "wrong": the band is used afterwards, once. */
#include <gdal.h>
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
static const char *raster;

static void *open_one(void *unused)
{
    (void)unused;
    return GDALOpen(raster, GA_ReadOnly);
}

/* In a function of its own: what changes between vfork and exec is the parent's. */
__attribute__((noinline)) static int by_vfork(const char *program)
{
    int status = -1;
    pid_t child = vfork();
    if (child == 0) {
        execl(program, program, (char *)NULL);
        _exit(127);
    }
    waitpid(child, &status, 0);
    return status;
}

static int by_spawn(char *program)
{
    char *arguments[] = {program, NULL};
    pid_t child = -1;
    int status = -1, error = posix_spawn(&child, program, NULL, NULL, arguments, environ);
    if (error != 0)
        return -error;
    waitpid(child, &status, 0);
    return status;
}

int main(int count, char **arguments)
{
    pthread_t threads[4];
    void *opened[4];
    if (count < 3)
        return 2;
    raster = arguments[1];
    GDALAllRegister();
    GDALDatasetH closed = GDALOpen(raster, GA_ReadOnly);
    GDALRasterBandH band = GDALGetRasterBand(closed, 1);
    GDALClose(closed);
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, open_one, NULL);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], &opened[i]);
    char *nothing = "/bin/true", *absent = "/nowhere/at/all";
    printf("true: %d %d %d\n", by_vfork(nothing), by_spawn(nothing), system("exit 3"));
    printf("absent: %d %d\n", by_vfork(absent), by_spawn(absent));
    if (strcmp(arguments[2], "wrong") == 0)
        GDALGetRasterBandXSize(band);
    for (int i = 0; i < 4; i++) {
        printf("width %d\n", GDALGetRasterXSize(opened[i]));
        GDALClose(opened[i]);
    }
    fflush(stdout);
    execl("/bin/echo", "echo", "replaced", (char *)NULL);
    return 1;
}
