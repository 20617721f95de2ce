/* What many handles cost: a line for each step, "COUNT NS RESIDENT": so many events since the last line took so long, and so many bytes are
 * resident now.
 *
 *   growth live KIND POWERS       handles that stay, at each power of ten from 10^3 to 10^POWERS; then "freed COUNT NS RESIDENT" for all of them
 *   growth cycles KIND STEPS N    STEPS times N handles that are freed at once
 *
 * KIND: point (GEOS, 10 ns), geometry (OGR), feature (OGR, with a geometry that is borrowed once).
 */
#include <geos_c.h>
#include <ogr_api.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static GEOSContextHandle_t geos;
static OGRFeatureH model;

static void *create_point(void)
{
    return GEOSGeom_createEmptyPoint_r(geos);
}

static void destroy_point(void *handle)
{
    GEOSGeom_destroy_r(geos, handle);
}

static void *create_geometry(void)
{
    return OGR_G_CreateGeometry(wkbPoint);
}

static void *create_feature(void)
{
    OGRFeatureH feature = OGR_F_Clone(model);
    if (OGR_F_GetGeometryRef(feature) == NULL)
        abort();
    return feature;
}

static const struct kind {
    const char *name;
    void *(*create)(void);
    void (*destroy)(void *handle);
} kinds[] = {
    {"point", create_point, destroy_point},
    {"geometry", create_geometry, OGR_G_DestroyGeometry},
    {"feature", create_feature, OGR_F_Destroy},
};

static int64_t cpu_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return time.tv_sec * 1000000000L + time.tv_nsec;
}

static long resident_bytes(void)
{
    long total, resident = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file == NULL || fscanf(file, "%ld %ld", &total, &resident) != 2)
        abort();
    fclose(file);
    return resident * sysconf(_SC_PAGESIZE);
}

static void tell(const char *what, long count, int64_t start_ns)
{
    int64_t ns = cpu_ns() - start_ns;
    printf("%s%ld %ld %ld\n", what, count, (long)ns, resident_bytes());
    fflush(stdout);
}

static void live(const struct kind *kind, int powers)
{
    long all = 1, made = 0;
    for (int i = 0; i < powers; i++)
        all *= 10;
    void **handles = mmap(NULL, (size_t)all * sizeof *handles, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (handles == MAP_FAILED)
        abort();
    tell("", 0, cpu_ns());
    for (long target = 1000; target <= all; target *= 10) {
        long before = made;
        int64_t start_ns = cpu_ns();
        while (made < target)
            handles[made++] = kind->create();
        tell("", target - before, start_ns);
    }
    int64_t start_ns = cpu_ns();
    for (long i = 0; i < made; i++)
        kind->destroy(handles[i]);
    tell("freed ", made, start_ns);
    munmap(handles, (size_t)all * sizeof *handles);
}

static void cycles(const struct kind *kind, int steps, long count)
{
    tell("", 0, cpu_ns());
    for (int step = 0; step < steps; step++) {
        int64_t start_ns = cpu_ns();
        for (long i = 0; i < count; i++)
            kind->destroy(kind->create());
        tell("", count, start_ns);
    }
}

static void make_model(void)
{
    OGRFeatureDefnH definition = OGR_FD_Create("layer");
    OGRGeometryH point = OGR_G_CreateGeometry(wkbPoint);
    OGR_G_SetPoint_2D(point, 0, 1, 2);
    model = OGR_F_Create(definition);
    OGR_F_SetGeometryDirectly(model, point);
}

int main(int count, char **arguments)
{
    const struct kind *kind = NULL;
    for (size_t i = 0; count > 3 && i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(arguments[2], kinds[i].name) == 0)
            kind = &kinds[i];
    if (kind == NULL)
        return 2;
    geos = GEOS_init_r();
    make_model();
    if (strcmp(arguments[1], "live") == 0)
        live(kind, atoi(arguments[3]));
    else if (count > 4)
        cycles(kind, atoi(arguments[3]), atol(arguments[4]));
    OGR_F_Destroy(model);
    GEOS_finish_r(geos);
    return 0;
}
