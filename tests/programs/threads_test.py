"""Eight threads open, read and close their own datasets for ten seconds, in C and in Python at the same time: no report, no deadlock, status 0,
and every thread reads what it would read alone.

usage: threads_test.py BUILD_DIRECTORY [SECONDS]
"""
import concurrent.futures
import sys

from support import PYTHON, check, check_run, compile_c, finish, gdal_flags, make_inputs, run, workshop

SECONDS = float(sys.argv[2]) if len(sys.argv) > 2 else 10

C_PROGRAM = r"""
#include <gdal.h>
#include <ogr_api.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
static _Atomic int wrong, finished;
static _Atomic long rounds;
static double seconds;
static int expected;
static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}
static int read_raster(int number)
{
    GDALDatasetH dataset = GDALOpen("rgb.tif", GA_ReadOnly);
    GDALRasterBandH band = GDALGetRasterBand(dataset, number % 3 + 1);
    int sum = GDALChecksumImage(band, 0, 0, GDALGetRasterBandXSize(band), GDALGetRasterBandYSize(band));
    if (GDALGetRasterBandYSize(GDALGetMaskBand(band)) != 90)
        wrong++;
    GDALClose(dataset);
    return sum;
}
static int count_features(void)
{
    GDALDatasetH dataset = GDALOpenEx("areas.shp", GDAL_OF_VECTOR, NULL, NULL, NULL);
    OGRLayerH layer = GDALDatasetGetLayer(dataset, 0);
    int count = 0;
    for (OGRFeatureH feature; (feature = OGR_L_GetNextFeature(layer)) != NULL; OGR_F_Destroy(feature))
        count += OGR_G_GetGeometryCount(OGR_F_GetGeometryRef(feature));
    GDALClose(dataset);
    return count;
}
static void *work(void *argument)
{
    for (double end = now() + seconds; now() < end; rounds++)
    {
        if (read_raster(1) != expected || count_features() != 16)
            wrong++;
        OGRGeometryH point = OGR_G_CreateGeometry(wkbPoint);
        OGR_G_SetPoint_2D(point, 0, 1, 2);
        OGR_G_DestroyGeometry(point);
    }
    finished++;
    return argument;
}
int main(int count, char **words)
{
    pthread_t threads[8];
    seconds = count > 1 ? atof(words[1]) : 1;
    GDALAllRegister();
    expected = read_raster(1);
    for (int i = 0; i < 8; i++)
        pthread_create(&threads[i], NULL, work, NULL);
    for (int i = 0; i < 8; i++)
        pthread_join(threads[i], NULL);
    printf("finished %d wrong %d\n", finished, wrong);
    fprintf(stderr, "rounds %ld\n", rounds);
    return 0;
}
"""

PYTHON_PROGRAM = """
import sys, threading, time
from osgeo import gdal, ogr
gdal.UseExceptions()
wrong, rounds = [], []

def work(number, seconds):
    end = time.monotonic() + seconds
    count = 0
    while time.monotonic() < end:
        ds = gdal.Open("rgb.tif")
        bands = [ds.GetRasterBand(n + 1) for n in range(3)]
        sums = [band.Checksum() for band in bands]
        source = ogr.Open("areas.shp")
        layer = source.GetLayer(0)
        parts = 0
        for feature in layer:
            parts += feature.GetGeometryRef().GetGeometryCount()
        if sums != expected or parts != 16:
            wrong.append((sums, parts))
        if count % 3:
            bands = ds = None
        count += 1
    rounds.append(count)

ds = gdal.Open("rgb.tif")
expected = [ds.GetRasterBand(n + 1).Checksum() for n in range(3)]
threads = [threading.Thread(target=work, args=(n, float(sys.argv[1]))) for n in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print("finished", len(rounds), "wrong", len(wrong))
print("rounds", sum(rounds), file=sys.stderr)
"""

# A band that is used late on two threads while two others open and close the same file: what is held for the first must not go under their hands.
STALE_PROGRAM = """
import sys, threading, time
from osgeo import gdal
gdal.UseExceptions()
sums, refused = set(), []

def stale():
    ds = gdal.Open("rgb.tif")
    band = ds.GetRasterBand(1)
    del ds
    return band

def late(end):
    while time.monotonic() < end:
        band = stale()
        try:
            sums.add(band.Checksum())
        except RuntimeError as error:
            refused.append(str(error))

def open_and_close(end):
    while time.monotonic() < end:
        gdal.Open("rgb.tif").RasterXSize

end = time.monotonic() + float(sys.argv[1])
threads = [threading.Thread(target=work, args=(end,)) for work in (late, late, open_and_close, open_and_close)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(sums <= {61012}, all("HF101" in text for text in refused))
"""


def test(folder):
    make_inputs(folder)
    program = compile_c(C_PROGRAM, folder / "threads", *gdal_flags(), "-lpthread")
    (folder / "threads.py").write_text(PYTHON_PROGRAM)
    runs = {"C": ([program], "finished 8 wrong 0\n"), "Python": ([PYTHON, "threads.py"], "finished 8 wrong 0\n")}
    for mode, seconds in (("defer", SECONDS), ("report", SECONDS / 5), ("reject", SECONDS / 5)):
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            started = {name: pool.submit(run, argv + [str(seconds)], {"mode": mode}, cwd=folder, timeout=seconds + 60)
                       for name, (argv, out) in runs.items()}
        for name, future in started.items():
            result = future.result()
            check_run("%s, eight threads for %g seconds, mode %s: status 0, no report, no deadlock" % (name, seconds, mode), result, 0, runs[name][1])
            check("%s, mode %s: nothing but its own line on stderr (%s)" % (name, mode, result.stderr.strip()[:40]),
                  result.stderr.startswith("rounds ") and result.stderr.count("\n") == 1, result.stderr)
    (folder / "stale.py").write_text(STALE_PROGRAM)
    for mode in ("defer", "reject"):
        result = run([PYTHON, "stale.py", str(SECONDS / 5)], {"mode": mode}, cwd=folder, timeout=SECONDS + 60)
        check_run("a band used late while other threads open its file: the right value or a refusal, mode %s" % mode, result, 0, "True True\n", result.reports)
        check("a band used late while other threads open its file: HF101 and nothing else, mode %s" % mode, set(result.reports) == {"HF101"}, result)


with workshop() as folder:
    test(folder)
sys.exit(finish())
