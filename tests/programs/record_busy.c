/* Eight threads that open and close datasets, make and free features and geometries, and lend what lies in them, until somebody ends the process. For
 * record_test.py, which kills it.
 *
 * usage: record_busy SECONDS [FILE]     it ends by itself after so many; FILE is a raster that can be opened; "ready" is said when all threads are at work
 */
#include <gdal.h>
#include <geos_c.h>
#include <ogr_api.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define THREADS 8

static const char *raster;
static atomic_int rounds;
static atomic_bool stop;

static void quiet(const char *message, void *context)
{
    (void)message, (void)context;
}

static void datasets(void)
{
    GDALDatasetH dataset = raster != NULL ? GDALOpen(raster, GA_ReadOnly) : GDALCreate(GDALGetDriverByName("MEM"), "", 4, 4, 2, GDT_Byte, NULL);
    if (dataset == NULL)
        return;
    for (int i = 1; i <= GDALGetRasterCount(dataset); i++)
        GDALGetRasterBandXSize(GDALGetRasterBand(dataset, i));
    GDALClose(dataset);
}

static void features(OGRFeatureDefnH definition)
{
    OGRFeatureH kept[40];
    for (int i = 0; i < 40; i++) {
        kept[i] = OGR_F_Create(definition);
        OGRGeometryH point = OGR_G_CreateGeometry(wkbPoint);
        OGR_G_SetPoint_2D(point, 0, i, i);
        OGR_F_SetGeometryDirectly(kept[i], point);
        OGR_G_GetX(OGR_F_GetGeometryRef(kept[i]), 0);
    }
    for (int i = 0; i < 40; i++)
        OGR_F_Destroy(kept[(i * 7) % 40]);
}

static void shapes(GEOSContextHandle_t context)
{
    GEOSGeometry *point = GEOSGeom_createPointFromXY_r(context, 1, 2), *around = GEOSBuffer_r(context, point, 1, 2);
    const GEOSPreparedGeometry *prepared = GEOSPrepare_r(context, around);
    GEOSPreparedContains_r(context, prepared, point);
    GEOSGetExteriorRing_r(context, around);
    GEOSPreparedGeom_destroy_r(context, prepared);
    GEOSGeom_destroy_r(context, around);
    GEOSGeom_destroy_r(context, point);
}

static void *work(void *which)
{
    GEOSContextHandle_t context = GEOS_init_r();
    GEOSContext_setErrorMessageHandler_r(context, quiet, NULL);
    OGRFeatureDefnH definition = OGR_FD_Create("made");
    OGR_FD_Reference(definition);
    for (long i = (long)which; !stop; i++) {
        if (i % 3 == 0)
            datasets();
        else if (i % 3 == 1)
            features(definition);
        else
            shapes(context);
        atomic_fetch_add(&rounds, 1);
    }
    OGR_FD_Release(definition);
    GEOS_finish_r(context);
    return NULL;
}

int main(int count, char **arguments)
{
    pthread_t threads[THREADS];
    raster = count > 2 ? arguments[2] : NULL;
    GDALAllRegister();
    for (long i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, work, (void *)i);
    while (atomic_load(&rounds) < THREADS)
        usleep(100);
    puts("ready");
    fflush(stdout);
    usleep((unsigned)(atof(arguments[1]) * 1e6));
    stop = true;
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    return 0;
}
