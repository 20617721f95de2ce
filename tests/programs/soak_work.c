/* Eight threads at work with GDAL, OGR, GEOS and PROJ, and a fork every second, for as long as is asked. For soak.py, which watches it from outside.
 *
 * usage: soak_work SECONDS RASTER
 * stdout: a line a second, "ROUNDS FORKS"; at the end "done". The exit status is 0 if all children did their work and all that was read was right.
 *
 * Every other fork comes in the midst of everything, as a careless host does it: GDAL's own locks may then be held for ever in the child, which therefore does only what
 * takes none, and leaves by _exit(). The others come while no thread is inside a library: their children do all of it and leave by exit().
 */
#include <gdal.h>
#include <geos_c.h>
#include <ogr_api.h>
#include <ogr_srs_api.h>
#include <proj.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define THREADS 8

static const char *raster;
static atomic_ulong rounds, wrong;
static atomic_bool stop;
/* Work is done with it read, forks at rest happen with it written; writers are let in first, else they would never come in. */
static pthread_rwlock_t at_rest;

struct tools {
    GEOSContextHandle_t geos;
    PJ_CONTEXT *context;
    OGRFeatureDefnH definition;
};

static void quiet(const char *message, void *unused)
{
    (void)message, (void)unused;
}

static void check(bool fine)
{
    if (!fine)
        atomic_fetch_add(&wrong, 1);
}

static void datasets(void)
{
    GDALDatasetH dataset = GDALOpen(raster, GA_ReadOnly);
    check(dataset != NULL);
    if (dataset == NULL)
        return;
    for (int i = 1; i <= GDALGetRasterCount(dataset); i++) {
        GDALRasterBandH band = GDALGetRasterBand(dataset, i);
        check(GDALGetRasterBandXSize(band) == GDALGetRasterXSize(dataset));
    }
    GDALClose(dataset);
}

static void features(const struct tools *tools)
{
    OGRFeatureH kept[40];
    for (int i = 0; i < 40; i++) {
        kept[i] = OGR_F_Create(tools->definition);
        OGRGeometryH point = OGR_G_CreateGeometry(wkbPoint);
        OGR_G_SetPoint_2D(point, 0, i, i);
        OGR_F_SetGeometryDirectly(kept[i], point);
        check(OGR_G_GetX(OGR_F_GetGeometryRef(kept[i]), 0) == i);
    }
    for (int i = 0; i < 40; i++)
        OGR_F_Destroy(kept[i * 7 % 40]);
}

static void shapes(const struct tools *tools)
{
    GEOSGeometry *point = GEOSGeom_createPointFromXY_r(tools->geos, 1, 2), *around = GEOSBuffer_r(tools->geos, point, 1, 2);
    const GEOSPreparedGeometry *prepared = GEOSPrepare_r(tools->geos, around);
    check(GEOSPreparedContains_r(tools->geos, prepared, point) == 1);
    check(GEOSGetExteriorRing_r(tools->geos, around) != NULL);
    GEOSPreparedGeom_destroy_r(tools->geos, prepared);
    GEOSGeom_destroy_r(tools->geos, around);
    GEOSGeom_destroy_r(tools->geos, point);
}

static void transformations(const struct tools *tools)
{
    PJ *transformation = proj_create(tools->context, "+proj=utm +zone=32 +ellps=GRS80");
    check(transformation != NULL);
    PJ_COORD there = proj_trans(transformation, PJ_FWD, proj_coord(proj_torad(9), proj_torad(50), 0, 0));
    check(there.xy.x > 499999 && there.xy.x < 500001);
    proj_destroy(transformation);
    OGRSpatialReferenceH system = OSRNewSpatialReference(NULL);
    check(OSRSetWellKnownGeogCS(system, "WGS84") == OGRERR_NONE);
    OSRRelease(system);
}

static struct tools tools_open(void)
{
    struct tools tools = {.geos = GEOS_init_r(), .context = proj_context_create(), .definition = OGR_FD_Create("made")};
    GEOSContext_setErrorMessageHandler_r(tools.geos, quiet, NULL);
    OGR_FD_Reference(tools.definition);
    return tools;
}

static void tools_close(struct tools *tools)
{
    OGR_FD_Release(tools->definition);
    proj_context_destroy(tools->context);
    GEOS_finish_r(tools->geos);
}

static void *work(void *which)
{
    struct tools tools = tools_open();
    for (long i = (long)which; !stop; i++) {
        pthread_rwlock_rdlock(&at_rest);
        switch (i % 8) {
        case 0:
            datasets();
            break;
        case 1:
            transformations(&tools);
            break;
        case 2:
        case 3:
        case 4:
            features(&tools);
            break;
        default:
            shapes(&tools);
        }
        pthread_rwlock_unlock(&at_rest);
        atomic_fetch_add(&rounds, 1);
    }
    tools_close(&tools);
    return NULL;
}

/* The child; it never comes back. */
static void be_child(bool rested, const struct tools *tools)
{
    atomic_store(&wrong, 0);
    for (int i = 0; i < 10; i++) {
        features(tools);
        shapes(tools);
        if (rested) {
            datasets();
            transformations(tools);
        }
    }
    if (rested)
        exit(wrong != 0);
    _exit(wrong != 0);
}

static void fork_once(bool rested, const struct tools *tools)
{
    int status = 0;
    fflush(stdout);
    if (rested)
        pthread_rwlock_wrlock(&at_rest);
    pid_t child = fork();
    if (child == 0)
        be_child(rested, tools);
    if (rested)
        pthread_rwlock_unlock(&at_rest);
    check(child > 0 && waitpid(child, &status, 0) == child && status == 0);
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

int main(int count, char **arguments)
{
    pthread_t threads[THREADS];
    pthread_rwlockattr_t writers_first;
    if (count != 3)
        return 2;
    raster = arguments[2];
    pthread_rwlockattr_init(&writers_first);
    pthread_rwlockattr_setkind_np(&writers_first, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    pthread_rwlock_init(&at_rest, &writers_first);
    GDALAllRegister();
    struct tools tools = tools_open();
    /* What the libraries make at its first use: a thread that is at that when another forks leaves it unfinished for ever in the child. */
    datasets();
    features(&tools);
    shapes(&tools);
    transformations(&tools);
    for (long i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, work, (void *)i);
    double end = now() + atof(arguments[1]);
    for (unsigned long forks = 0; now() < end;) {
        usleep(1000000);
        fork_once(forks % 2 == 1, &tools);
        printf("%lu %lu\n", atomic_load(&rounds), ++forks);
        fflush(stdout);
    }
    stop = true;
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    tools_close(&tools);
    if (wrong != 0)
        fprintf(stderr, "%lu results or children were wrong\n", atomic_load(&wrong));
    puts("done");
    return wrong != 0;
}
