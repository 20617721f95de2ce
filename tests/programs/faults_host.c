/* The C program of faults_test.py: some of everything, right but for a leak, with output that must not change. */
#include <gdal.h>
#include <geos_c.h>
#include <ogr_api.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static void *features(void *result)
{
    OGRFeatureDefnH definition = OGR_FD_Create("made");
    OGR_FD_Reference(definition);
    double sum = 0;
    for (int i = 0; i < 20; i++) {
        OGRFeatureH feature = OGR_F_Create(definition);
        OGRGeometryH point = OGR_G_CreateGeometry(wkbPoint);
        OGR_G_SetPoint_2D(point, 0, i, 1);
        OGR_F_SetGeometryDirectly(feature, point);
        sum += OGR_G_GetX(OGR_F_GetGeometryRef(feature), 0);
        OGR_F_Destroy(feature);
    }
    OGR_FD_Release(definition);
    *(double *)result = sum;
    return NULL;
}

static double shapes(void)
{
    double area = 0;
    GEOSContextHandle_t context = GEOS_init_r();
    GEOSGeometry *point = GEOSGeom_createPointFromXY_r(context, 1, 2), *around = GEOSBuffer_r(context, point, 1, 2);
    GEOSArea_r(context, around, &area);
    GEOSGeom_destroy_r(context, around);
    GEOSGeom_destroy_r(context, point);
    GEOS_finish_r(context);
    return area;
}

static void raster(const char *name)
{
    unsigned char line[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    GDALDatasetH made = GDALCreate(GDALGetDriverByName("GTiff"), name, 8, 1, 1, GDT_Byte, NULL);
    if (GDALRasterIO(GDALGetRasterBand(made, 1), GF_Write, 0, 0, 8, 1, line, 8, 1, GDT_Byte, 0, 0) != CE_None)
        puts("not written");
    GDALClose(made);
    GDALDatasetH dataset = GDALOpen(name, GA_ReadOnly);
    printf("checksum %d\n", GDALChecksumImage(GDALGetRasterBand(dataset, 1), 0, 0, 8, 1));
    GDALClose(dataset);
}

int main(void)
{
    pthread_t thread;
    double first = 0, second = 0;
    GDALAllRegister();
    raster("out.tif");
    pthread_create(&thread, NULL, features, &second);
    pthread_join(thread, NULL);
    features(&first);
    printf("%g %g %.3f\n", first, second, shapes());
    OGR_G_CreateGeometry(wkbPoint); /* a leak: something to tell at the end */
    fflush(stdout);
    if (fork() == 0) {
        features(&first);
        printf("child %g\n", first);
        fflush(stdout);
        _exit(3);
    }
    int status = 0;
    wait(&status);
    printf("it ended with %d\n", WEXITSTATUS(status));
    fputs("host: done\n", stderr);
    return 5;
}
