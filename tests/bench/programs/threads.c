/* Threads that work side by side, each for itself: "ROUNDS WALL_NS CPU_NS" of all of them.
 *
 *   threads WORK THREADS ROUNDS      ROUNDS in each thread
 *
 * WORK: raster (open a file, fetch bands, read a block, close), vector (a feature with a geometry that is borrowed), crs (two spatial references and a
 * coordinate transformation), geos (a context of its own, with points and a predicate), living (a thousand points more than stay young, of which the
 * oldest gives way to a new one).
 * All threads begin together, after each did a round to warm up.
 */
#include <gdal.h>
#include <geos_c.h>
#include <ogr_api.h>
#include <ogr_srs_api.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MOST_THREADS 64
#define LIVING 2048

static const char file_name[] = "threads.tif";
static OGRFeatureDefnH definition;
static OGRGeometryH model;
static pthread_barrier_t begin;
static long rounds;

static void must(int fine, const char *what)
{
    if (fine)
        return;
    fprintf(stderr, "threads: %s failed\n", what);
    exit(1);
}

struct thread {
    pthread_t thread;
    OGRGeometryH living[LIVING];
    unsigned oldest;
};

static void raster(struct thread *self)
{
    (void)self;
    unsigned char block[64 * 64];
    GDALDatasetH dataset = GDALOpen(file_name, GA_ReadOnly);
    must(dataset != NULL, "GDALOpen");
    for (int i = 1; i <= 3; i++)
        must(GDALReadBlock(GDALGetRasterBand(dataset, i), 0, 0, block) == CE_None, "GDALReadBlock");
    GDALClose(dataset);
}

static void vector(struct thread *self)
{
    (void)self;
    OGRFeatureH feature = OGR_F_Create(definition);
    OGR_F_SetGeometry(feature, model);
    must(OGR_G_GetPointCount(OGR_F_GetGeometryRef(feature)) == 1, "OGR_F_GetGeometryRef");
    OGR_F_Destroy(feature);
}

static void crs(struct thread *self)
{
    (void)self;
    static const char longitude[] = "+proj=longlat +datum=WGS84", mercator[] = "+proj=merc +datum=WGS84";
    OGRSpatialReferenceH from = OSRNewSpatialReference(NULL), to = OSRNewSpatialReference(NULL);
    must(OSRImportFromProj4(from, longitude) == OGRERR_NONE && OSRImportFromProj4(to, mercator) == OGRERR_NONE, "OSRImportFromProj4");
    OGRCoordinateTransformationH transformation = OCTNewCoordinateTransformation(from, to);
    double x = 1, y = 2;
    must(OCTTransform(transformation, 1, &x, &y, NULL), "OCTTransform");
    OCTDestroyCoordinateTransformation(transformation);
    OSRDestroySpatialReference(from);
    OSRDestroySpatialReference(to);
}

static void geos(struct thread *self)
{
    (void)self;
    GEOSContextHandle_t context = GEOS_init_r();
    GEOSGeometry *points[10];
    for (int i = 0; i < 10; i++)
        points[i] = GEOSGeom_createPointFromXY_r(context, i, i);
    for (int i = 9; i >= 0; i--) {
        must(GEOSEquals_r(context, points[i], points[0]) == (i == 0), "GEOSEquals_r");
        GEOSGeom_destroy_r(context, points[i]);
    }
    GEOS_finish_r(context);
}

static void living(struct thread *self)
{
    OGRGeometryH *place = &self->living[self->oldest++ % LIVING];
    if (*place != NULL)
        OGR_G_DestroyGeometry(*place);
    *place = OGR_G_CreateGeometry(wkbPoint);
}

static const struct work {
    const char *name;
    void (*round)(struct thread *self);
    long warm; /* rounds that do not count */
} works[] = {{"raster", raster, 1}, {"vector", vector, 1}, {"crs", crs, 1}, {"geos", geos, 1}, {"living", living, LIVING}};

static const struct work *work;

static void *run(void *argument)
{
    struct thread *self = argument;
    for (long i = 0; i < work->warm; i++)
        work->round(self);
    pthread_barrier_wait(&begin);
    for (long i = 0; i < rounds; i++)
        work->round(self);
    return NULL;
}

static int64_t clock_ns(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return time.tv_sec * 1000000000L + time.tv_nsec;
}

static void make_file(void)
{
    GDALAllRegister();
    GDALDatasetH dataset = GDALCreate(GDALGetDriverByName("GTiff"), file_name, 64, 64, 3, GDT_Byte, NULL);
    must(dataset != NULL, "GDALCreate");
    GDALClose(dataset);
}

int main(int count, char **arguments)
{
    int threads = count == 4 ? atoi(arguments[2]) : 0;
    for (size_t i = 0; count == 4 && i < sizeof works / sizeof works[0]; i++)
        if (strcmp(arguments[1], works[i].name) == 0)
            work = &works[i];
    if (work == NULL || threads < 1 || threads > MOST_THREADS)
        return 2;
    rounds = atol(arguments[3]);
    make_file();
    definition = OGR_FD_Create("layer");
    OGR_FD_Reference(definition);
    model = OGR_G_CreateGeometry(wkbPoint);
    OGR_G_SetPoint_2D(model, 0, 1, 2);
    struct thread *all = calloc((size_t)threads, sizeof *all);
    must(all != NULL && pthread_barrier_init(&begin, NULL, (unsigned)threads + 1) == 0, "calloc");
    for (int i = 0; i < threads; i++)
        must(pthread_create(&all[i].thread, NULL, run, &all[i]) == 0, "pthread_create");
    pthread_barrier_wait(&begin);
    int64_t wall = clock_ns(CLOCK_MONOTONIC), cpu = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    for (int i = 0; i < threads; i++)
        pthread_join(all[i].thread, NULL);
    printf("%ld %ld %ld\n", rounds * threads, (long)(clock_ns(CLOCK_MONOTONIC) - wall), (long)(clock_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu));
    for (int i = 0; i < threads; i++)
        for (int j = 0; j < LIVING; j++)
            if (all[i].living[j] != NULL)
                OGR_G_DestroyGeometry(all[i].living[j]);
    free(all);
    OGR_G_DestroyGeometry(model);
    OGR_FD_Release(definition);
    unlink(file_name);
    return 0;
}
