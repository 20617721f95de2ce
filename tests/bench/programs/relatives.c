/* What a change, or a free, costs in a family of which many died a while ago: a line "CALLS NS".
 *
 *   relatives KIND WARM CALLS
 *
 * KIND: gift (a feature gets another geometry, by which it loses the one it had), feature (one of a definition is made and freed), read (the same of a layer),
 * or view (a geometry is borrowed from a feature of a layer, which is freed then). WARM calls come first, so that as many dead as the fences keep are there.
 */
#include "marks.h"
#include <gdal.h>
#include <ogr_api.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static OGRFeatureDefnH definition;
static OGRFeatureH taker;
static OGRLayerH layer;

static void gift(void)
{
    OGR_F_SetGeometryDirectly(taker, OGR_G_CreateGeometry(wkbPoint));
}

static void feature(void)
{
    OGR_F_Destroy(OGR_F_Create(definition));
}

static OGRFeatureH next(void)
{
    OGRFeatureH found = OGR_L_GetNextFeature(layer);
    if (found != NULL)
        return found;
    OGR_L_ResetReading(layer);
    return OGR_L_GetNextFeature(layer);
}

static void read_one(void)
{
    OGR_F_Destroy(next());
}

static void view(void)
{
    OGRFeatureH found = next();
    if (OGR_F_GetGeometryRef(found) == NULL)
        abort();
    OGR_F_Destroy(found);
}

static const struct kind {
    const char *name;
    void (*once)(void);
} kinds[] = {{"gift", gift}, {"feature", feature}, {"read", read_one}, {"view", view}};

static int64_t cpu_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return time.tv_sec * 1000000000L + time.tv_nsec;
}

static GDALDatasetH make_layer(void)
{
    GDALDatasetH dataset = GDALCreate(GDALGetDriverByName("Memory"), "family", 0, 0, 0, GDT_Unknown, NULL);
    layer = dataset != NULL ? GDALDatasetCreateLayer(dataset, "layer", NULL, wkbPoint, NULL) : NULL;
    if (layer == NULL)
        abort();
    for (int i = 0; i < 100; i++) {
        OGRFeatureH made = OGR_F_Create(OGR_L_GetLayerDefn(layer));
        OGR_F_SetGeometryDirectly(made, OGR_G_CreateGeometry(wkbPoint));
        if (OGR_L_CreateFeature(layer, made) != OGRERR_NONE)
            abort();
        OGR_F_Destroy(made);
    }
    OGR_L_ResetReading(layer);
    return dataset;
}

int main(int count, char **arguments)
{
    const struct kind *kind = NULL;
    for (size_t i = 0; count > 3 && i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(arguments[1], kinds[i].name) == 0)
            kind = &kinds[i];
    if (kind == NULL)
        return 2;
    GDALAllRegister();
    GDALDatasetH dataset = make_layer();
    definition = OGR_FD_Create("family");
    OGR_FD_Reference(definition);
    taker = OGR_F_Create(definition);
    for (long i = atol(arguments[2]); i > 0; i--)
        kind->once();
    long calls = atol(arguments[3]);
    int64_t start_ns = cpu_ns();
    marks_clear();
    marks_toggle();
    for (long i = 0; i < calls; i++)
        kind->once();
    marks_toggle();
    marks_write("counted");
    printf("%ld %ld\n", calls, (long)(cpu_ns() - start_ns));
    OGR_F_Destroy(taker);
    OGR_FD_Release(definition);
    GDALClose(dataset);
    return 0;
}
