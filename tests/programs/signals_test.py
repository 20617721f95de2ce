"""A thousand signals a second into a program inside GDAL calls, with handlers that use the API themselves, rightly and wrongly: no deadlock, and every mistake is counted.

usage: signals_test.py BUILD_DIRECTORY
"""
import json
import sys

from support import check, check_equal, compile_c, finish, gdal_flags, make_inputs, run, workshop

# Threads that work, and make mistakes, and a handler that makes the same one: a band is used whose dataset was closed, and is kept by Holdfast. Nothing else is held, so that it stays. What
# the handler calls neither allocates nor locks in GDAL itself, as a handler must not.
PROGRAM = r"""
#include <gdal.h>
#include <ogr_api.h>
#include <ogr_srs_api.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
static GDALDatasetH alive;
static GDALRasterBandH good, stale;
static _Atomic long signals, mistakes;
static long wanted;
static void handle(int number)
{
    if (GDALGetRasterXSize(alive) != 8 || GDALGetRasterBandYSize(good) != 4)
        abort();
    if (GDALGetRasterBandXSize(stale) <= 0)
        abort();
    mistakes++;
    signals++;
}
static void *work(void *unused)
{
    OGRFeatureDefnH definition = OGR_FD_Create("made");
    OGR_FD_Reference(definition);
    while (signals < wanted) {
        for (int i = 0; i < 20; i++) {
            OGRGeometryH geometry = OGR_G_CreateGeometry(wkbPoint);
            OGR_G_SetPoint_2D(geometry, 0, i, i);
            OGRFeatureH feature = OGR_F_Create(definition);
            if (OGR_G_GetX(geometry, 0) != i)
                abort();
            OGR_F_SetGeometryDirectly(feature, geometry);
            OGR_F_Destroy(feature);
        }
        OGRSpatialReferenceH system = OSRNewSpatialReference(NULL);
        OSRDestroySpatialReference(system);
        GDALDatasetH dataset = GDALCreate(GDALGetDriverByName("MEM"), "m", 8, 4, 1, GDT_Byte, NULL);
        if (GDALGetRasterBandXSize(GDALGetRasterBand(dataset, 1)) != 8)
            abort();
        GDALClose(dataset);
        GDALGetRasterBandXSize(stale);
        mistakes++;
    }
    OGR_FD_Release(definition);
    return unused;
}
int main(int count, char **arguments)
{
    pthread_t threads[3];
    wanted = atol(arguments[2]);
    GDALAllRegister();
    alive = GDALCreate(GDALGetDriverByName("MEM"), "alive", 8, 4, 1, GDT_Byte, NULL);
    good = GDALGetRasterBand(alive, 1);
    GDALDatasetH closed = GDALOpen(arguments[1], GA_ReadOnly);
    stale = GDALGetRasterBand(closed, 1);
    GDALClose(closed);
    struct sigaction action = {.sa_handler = handle, .sa_flags = SA_RESTART};
    sigaction(SIGALRM, &action, NULL);
    for (int i = 0; i < 3; i++)
        pthread_create(&threads[i], NULL, work, NULL);
    /* A timer: a signal each millisecond, to whichever thread takes it. */
    timer_t timer;
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM};
    const struct itimerspec often = {{0, 1000000}, {0, 1000000}};
    timer_create(CLOCK_MONOTONIC, &event, &timer);
    timer_settime(timer, 0, &often, NULL);
    /* and as many as the machine can do, to each thread in turn */
    while (signals < wanted)
        for (int i = 0; i < 3 && strcmp(arguments[3], "flood") == 0; i++)
            pthread_kill(threads[i], SIGALRM);
    timer_delete(timer);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    printf("%ld %ld\n", (long)signals, (long)mistakes);
    GDALClose(alive);
    return 0;
}
"""


def stats_of(result):
    return next(item["counters"] for item in (json.loads(line) for line in result.stderr.splitlines()) if item["type"] == "stats")


with workshop() as folder:
    folder = folder.resolve()
    make_inputs(folder)
    program = compile_c(PROGRAM, folder / "signals", "-pthread", *gdal_flags())
    for pace, wanted in (("timer", 3000), ("flood", 2000)):
        for mode in ("defer", "reject"):
            # Places of the handler are many, because it interrupts the program everywhere: so all but a few reports are left out, and must be counted as well.
            result = run([program, folder / "dem.tif", wanted, pace], {"mode": mode, "stats": 1, "log_format": "json", "log_rate": 20}, timeout=120)
            name = "%d signals (%s), mode %s" % (wanted, pace, mode)
            check("%s: no deadlock, no crash" % name, result.status == 0, str(result)[-3000:])
            if result.status != 0:
                continue
            signals, mistakes = map(int, result.stdout.split())
            counters = stats_of(result)
            print("      %d signals, %d mistakes: %d told or counted, %d of them left out of the log, %d unjudged" % (signals, mistakes, counters["violations"], counters["left_out"], counters["unjudged"]))
            # What was not judged may have been right as well: that nobody knows.
            check("%s: every mistake is told, counted, or counted as unjudged, and none twice" % name, counters["violations"] <= mistakes <= counters["violations"] + counters["unjudged"], (mistakes, counters))
            check("%s: most are judged" % name, counters["unjudged"] < mistakes / 2, counters)
            rules = {item["rule"] for item in (json.loads(line) for line in result.stderr.splitlines()) if item["type"] == "violation"}
            check_equal("%s: nothing else is told" % name, {"HF101"}, rules)
sys.exit(finish())
