/* What one call costs: the same call in a loop. A server, so that a driver can let several of these processes (with and without Holdfast)
 * take turns: it reads commands from standard input and answers each with one line.
 *
 *   list                               all names with what they call, then an empty line
 *   time NAME DEPTH THREADS CALLS      "WALL CPU": nanoseconds of all measured sections, of the thread that took longest
 *   count NAME DEPTH CALLS LABEL       "done": callgrind has written its counts of the measured sections under LABEL
 *
 * DEPTH: frames between the thread's start and the loop. Every thread makes what it works on for itself, and runs a tenth of the calls
 * unmeasured before it begins. A case either loops over the call alone, or (new borrows) measures section after section and makes fresh
 * objects in between.
 */
#include "marks.h"
#include <cpl_conv.h>
#include <gdal.h>
#include <geos_c.h>
#include <ogr_api.h>
#include <ogr_srs_api.h>
#include <proj.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MEMBERS 1000 /* new borrows in one section */
#define BANDS 200
#define THREAD_LIMIT 64

/* What one thread works on. */
struct work {
    GDALDatasetH dataset;
    OGRFeatureDefnH definition;
    OGRFeatureH feature;
    OGRGeometryH geometries;
    GEOSContextHandle_t geos;
    GEOSGeometry *geos_point, *geos_points;
    PJ_CONTEXT *proj;
    bool measured; /* sections count now */
    int64_t wall_ns, cpu_ns, wall_start_ns, cpu_start_ns;
};

struct task {
    const char *name, *calls;
    void (*run)(struct work *work, long calls);
    long unit; /* calls come in multiples of this */
};

static int64_t now_ns(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return time.tv_sec * 1000000000L + time.tv_nsec;
}

static void begin(struct work *work)
{
    if (!work->measured)
        return;
    work->wall_start_ns = now_ns(CLOCK_MONOTONIC);
    work->cpu_start_ns = now_ns(CLOCK_THREAD_CPUTIME_ID);
    marks_toggle();
}

static void end(struct work *work)
{
    if (!work->measured)
        return;
    marks_toggle();
    work->cpu_ns += now_ns(CLOCK_THREAD_CPUTIME_ID) - work->cpu_start_ns;
    work->wall_ns += now_ns(CLOCK_MONOTONIC) - work->wall_start_ns;
}

/* The compiler must believe that the value is needed, and that memory was looked at. */
#define KEEP(value) __asm__ volatile("" : : "r"(value) : "memory")

/* ---- the cases ------------------------------------------------------------------------------------------------------------------- */

#define LOOP(name, body)                                                                                                                         \
    static void name(struct work *work, long calls)                                                                                              \
    {                                                                                                                                            \
        begin(work);                                                                                                                             \
        for (long i = 0; i < calls; i++)                                                                                                         \
            body;                                                                                                                                \
        end(work);                                                                                                                               \
    }

LOOP(nothing, KEEP(i))
LOOP(use_integer, KEEP(OGR_F_GetFieldAsInteger(work->feature, 0)))
LOOP(use_raster, KEEP(GDALGetRasterXSize(work->dataset)))
LOOP(use_geos, KEEP(GEOSGeomTypeId_r(work->geos, work->geos_point)))
LOOP(string_field, KEEP(OGR_F_GetFieldAsString(work->feature, 1)))
LOOP(string_description, KEEP(GDALGetDescription(work->dataset)))
LOOP(string_metadata, KEEP(GDALGetMetadataItem(work->dataset, "KEY", NULL)))
LOOP(borrow_geometry, KEEP(OGR_F_GetGeometryRef(work->feature)))
LOOP(borrow_band, KEEP(GDALGetRasterBand(work->dataset, 1)))
LOOP(borrow_geos, KEEP(GEOSGetGeometryN_r(work->geos, work->geos_points, 0)))
LOOP(pair_geometry, OGR_G_DestroyGeometry(OGR_G_CreateGeometry(wkbPoint)))
LOOP(pair_feature, OGR_F_Destroy(OGR_F_Create(work->definition)))
LOOP(pair_geos_empty, GEOSGeom_destroy_r(work->geos, GEOSGeom_createEmptyPoint_r(work->geos)))
LOOP(pair_proj, proj_destroy(proj_create(work->proj, "+proj=affine +xoff=1")))

static void pair_geos_point(struct work *work, long calls)
{
    begin(work);
    for (long i = 0; i < calls; i++) {
        GEOSCoordSequence *sequence = GEOSCoordSeq_create_r(work->geos, 1, 2);
        GEOSCoordSeq_setXY_r(work->geos, sequence, 0, 1, 2);
        GEOSGeom_destroy_r(work->geos, GEOSGeom_createPoint_r(work->geos, sequence));
    }
    end(work);
}

static void new_borrow_geometry(struct work *work, long calls)
{
    for (; calls > 0; calls -= MEMBERS) {
        OGRGeometryH fresh = OGR_G_Clone(work->geometries);
        begin(work);
        for (int i = 0; i < MEMBERS; i++)
            KEEP(OGR_G_GetGeometryRef(fresh, i));
        end(work);
        OGR_G_DestroyGeometry(fresh);
    }
}

static void new_borrow_geos(struct work *work, long calls)
{
    for (; calls > 0; calls -= MEMBERS) {
        GEOSGeometry *fresh = GEOSGeom_clone_r(work->geos, work->geos_points);
        begin(work);
        for (int i = 0; i < MEMBERS; i++)
            KEEP(GEOSGetGeometryN_r(work->geos, fresh, i));
        end(work);
        GEOSGeom_destroy_r(work->geos, fresh);
    }
}

static GDALDatasetH memory_dataset(int bands)
{
    return GDALCreate(GDALGetDriverByName("MEM"), "", 1, 1, bands, GDT_Byte, NULL);
}

static void new_borrow_band(struct work *work, long calls)
{
    for (; calls > 0; calls -= BANDS) {
        GDALDatasetH fresh = memory_dataset(BANDS);
        begin(work);
        for (int i = 1; i <= BANDS; i++)
            KEEP(GDALGetRasterBand(fresh, i));
        end(work);
        GDALClose(fresh);
    }
}

/* What a program does with each feature of a layer. */
static void round_feature(struct work *work, long calls)
{
    begin(work);
    for (long i = 0; i < calls; i++) {
        OGRFeatureH feature = OGR_F_Clone(work->feature);
        KEEP(OGR_F_GetGeometryRef(feature));
        OGR_F_Destroy(feature);
    }
    end(work);
}

static void free_stranger(struct work *work, long calls)
{
    begin(work);
    for (long i = 0; i < calls; i++) {
        void *block = malloc(64);
        KEEP(block);
        free(block);
    }
    end(work);
}

static void realloc_stranger(struct work *work, long calls)
{
    char *block = malloc(64);
    begin(work);
    for (long i = 0; i < calls; i++) {
        block = realloc(block, i & 1 ? 64 : 128);
        KEEP(block);
    }
    end(work);
    free(block);
}

static const struct task tasks[] = {
    {"nothing", "the loop alone", nothing, 1},
    {"use_integer", "OGR_F_GetFieldAsInteger", use_integer, 1},
    {"use_raster", "GDALGetRasterXSize", use_raster, 1},
    {"use_geos", "GEOSGeomTypeId_r", use_geos, 1},
    {"string_field", "OGR_F_GetFieldAsString", string_field, 1},
    {"string_description", "GDALGetDescription", string_description, 1},
    {"string_metadata", "GDALGetMetadataItem", string_metadata, 1},
    {"borrow_geometry", "OGR_F_GetGeometryRef, known", borrow_geometry, 1},
    {"borrow_band", "GDALGetRasterBand, known", borrow_band, 1},
    {"borrow_geos", "GEOSGetGeometryN_r, known", borrow_geos, 1},
    {"new_borrow_geometry", "OGR_G_GetGeometryRef, new", new_borrow_geometry, MEMBERS},
    {"new_borrow_geos", "GEOSGetGeometryN_r, new", new_borrow_geos, MEMBERS},
    {"new_borrow_band", "GDALGetRasterBand, new", new_borrow_band, BANDS},
    {"pair_geometry", "OGR_G_CreateGeometry, OGR_G_DestroyGeometry", pair_geometry, 1},
    {"pair_feature", "OGR_F_Create, OGR_F_Destroy", pair_feature, 1},
    {"pair_geos_empty", "GEOSGeom_createEmptyPoint_r, GEOSGeom_destroy_r", pair_geos_empty, 1},
    {"pair_geos_point", "a sequence, a point of it, its destruction", pair_geos_point, 1},
    {"pair_proj", "proj_create, proj_destroy", pair_proj, 1},
    {"round_feature", "OGR_F_Clone, OGR_F_GetGeometryRef, OGR_F_Destroy", round_feature, 1},
    {"free_stranger", "malloc, free", free_stranger, 1},
    {"realloc_stranger", "realloc", realloc_stranger, 1},
};
#define TASKS (sizeof tasks / sizeof tasks[0])

/* ---- one thread ------------------------------------------------------------------------------------------------------------------ */

static void make(struct work *work)
{
    work->dataset = memory_dataset(1);
    GDALSetMetadataItem(work->dataset, "KEY", "value", NULL);
    work->definition = OGR_FD_Create("layer");
    OGR_FD_Reference(work->definition);
    for (int i = 0; i < 2; i++) {
        OGRFieldDefnH field = OGR_Fld_Create(i == 0 ? "number" : "name", i == 0 ? OFTInteger : OFTString);
        OGR_FD_AddFieldDefn(work->definition, field);
        OGR_Fld_Destroy(field);
    }
    work->feature = OGR_F_Create(work->definition);
    OGR_F_SetFieldInteger(work->feature, 0, 42);
    OGR_F_SetFieldString(work->feature, 1, "name");
    OGRGeometryH point = OGR_G_CreateGeometry(wkbPoint);
    OGR_G_SetPoint_2D(point, 0, 1, 2);
    OGR_F_SetGeometry(work->feature, point);
    work->geometries = OGR_G_CreateGeometry(wkbMultiPoint);
    for (int i = 0; i < MEMBERS; i++)
        OGR_G_AddGeometry(work->geometries, point);
    OGR_G_DestroyGeometry(point);
    work->geos = GEOS_init_r();
    GEOSGeometry *members[MEMBERS];
    for (int i = 0; i < MEMBERS; i++)
        members[i] = GEOSGeom_createPointFromXY_r(work->geos, i, i);
    work->geos_points = GEOSGeom_createCollection_r(work->geos, GEOS_MULTIPOINT, members, MEMBERS);
    work->geos_point = GEOSGeom_createPointFromXY_r(work->geos, 1, 2);
    work->proj = proj_context_create();
}

static void clear(struct work *work)
{
    proj_context_destroy(work->proj);
    GEOSGeom_destroy_r(work->geos, work->geos_point);
    GEOSGeom_destroy_r(work->geos, work->geos_points);
    GEOS_finish_r(work->geos);
    OGR_G_DestroyGeometry(work->geometries);
    OGR_F_Destroy(work->feature);
    OGR_FD_Release(work->definition);
    GDALClose(work->dataset);
}

struct thread {
    pthread_t id;
    const struct task *task;
    long calls;
    int depth;
    pthread_barrier_t *ready;
    struct work work;
};

static __attribute__((noinline)) void descend(struct thread *thread, int depth)
{
    if (depth > 0) {
        descend(thread, depth - 1);
        __asm__ volatile("" : : : "memory"); /* no tail call */
        return;
    }
    struct work *work = &thread->work;
    make(work);
    thread->task->run(work, (thread->calls / 10 / thread->task->unit + 1) * thread->task->unit);
    pthread_barrier_wait(thread->ready);
    work->measured = true;
    thread->task->run(work, thread->calls);
    clear(work);
}

static void *start(void *pointer)
{
    struct thread *thread = pointer;
    descend(thread, thread->depth);
    return NULL;
}

/* ---- commands -------------------------------------------------------------------------------------------------------------------- */

static void list_tasks(void)
{
    for (size_t i = 0; i < TASKS; i++)
        printf("%s %ld %s\n", tasks[i].name, tasks[i].unit, tasks[i].calls);
    puts("");
}

static const struct task *find_task(const char *name)
{
    for (size_t i = 0; i < TASKS; i++)
        if (strcmp(tasks[i].name, name) == 0)
            return &tasks[i];
    fprintf(stderr, "there is no case %s\n", name);
    exit(2);
}

/* Runs on threads of their own even where it is one: the frames below the loop are the same ones. */
static void time_task(struct thread *threads, const struct task *task, int depth, int count, long calls)
{
    pthread_barrier_t ready;
    pthread_barrier_init(&ready, NULL, (unsigned)count);
    for (int i = 0; i < count; i++) {
        threads[i] = (struct thread){.task = task, .calls = calls, .depth = depth, .ready = &ready};
        if (pthread_create(&threads[i].id, NULL, start, &threads[i]) != 0)
            abort();
    }
    for (int i = 0; i < count; i++)
        pthread_join(threads[i].id, NULL);
    pthread_barrier_destroy(&ready);
}

/* On the main thread: callgrind clears and writes the counts of the thread that asks. */
static void count_task(const struct task *task, int depth, long calls, const char *label)
{
    pthread_barrier_t ready;
    struct thread alone = {.task = task, .calls = calls, .depth = depth, .ready = &ready};
    pthread_barrier_init(&ready, NULL, 1);
    marks_clear();
    descend(&alone, depth);
    marks_write(label);
    pthread_barrier_destroy(&ready);
}

int main(void)
{
    static struct thread threads[THREAD_LIMIT];
    char line[256], name[64], label[128];
    int depth, count;
    long calls;
    GDALAllRegister();
    while (fgets(line, sizeof line, stdin) != NULL) {
        if (strcmp(line, "list\n") == 0) {
            list_tasks();
        } else if (sscanf(line, "time %63s %d %d %ld", name, &depth, &count, &calls) == 4 && count > 0 && count <= THREAD_LIMIT) {
            int64_t wall_ns = 0, cpu_ns = 0;
            time_task(threads, find_task(name), depth, count, calls);
            for (int i = 0; i < count; i++) {
                wall_ns = threads[i].work.wall_ns > wall_ns ? threads[i].work.wall_ns : wall_ns;
                cpu_ns = threads[i].work.cpu_ns > cpu_ns ? threads[i].work.cpu_ns : cpu_ns;
            }
            printf("%ld %ld\n", (long)wall_ns, (long)cpu_ns);
        } else if (sscanf(line, "count %63s %d %ld %127s", name, &depth, &calls, label) == 4) {
            marks_clear();
            time_task(threads, find_task(name), depth, 1, calls);
            marks_write(label);
            puts("done");
        } else {
            fprintf(stderr, "not understood: %s", line);
            return 2;
        }
        fflush(stdout);
    }
    return 0;
}
