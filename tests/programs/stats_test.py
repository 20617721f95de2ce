"""What Holdfast counts of its own work (stats=1): exactly as many calls, births and deaths as the program made, in all its threads, told at the end and
by `holdfast report` of an arena.

usage: stats_test.py BUILD_DIRECTORY
"""
import json
import re
import sys

from support import BUILD, check, check_equal, compile_c, finish, gdal_flags, run, run_python, workshop

# So many features are made, asked, and freed, in so many threads.
PROGRAM = """
import sys, threading
from osgeo import ogr
features, uses, workers = map(int, sys.argv[1:4])
definition = ogr.FeatureDefn("made")
definition.AddFieldDefn(ogr.FieldDefn("number", ogr.OFTInteger))
def work():
    feature = ogr.Feature(definition)
    for i in range(uses):
        feature.GetFieldAsInteger(0)
turn = threading.Lock()
def worker():
    for i in range(features // workers):
        with turn:
            work()
if workers == 1:
    worker()
else:
    threads = [threading.Thread(target=worker) for i in range(workers)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
"""
KEPT = """
import sys
from osgeo import ogr
kept = [ogr.CreateGeometryFromWkt("POINT (%d 1)" % i) for i in range(int(sys.argv[1]))]
"""
# Memory of the program's own, that it frees by GDAL's function for it.
STRANGERS = """
#include <cpl_vsi.h>
#include <ogr_api.h>
#include <stdlib.h>
int main(int count, char **arguments)
{
    OGRFeatureDefnH definition = OGR_FD_Create("made");
    for (int i = 0; count > 1 && i < atoi(arguments[1]); i++)
        VSIFree(VSIMalloc(64));
    OGR_FD_Destroy(definition);
    return 0;
}
"""


def told_of(argv, **options):
    result = run(argv, options={"stats": 1, "log_format": "json", **options})
    return [json.loads(line) for line in result.stderr.splitlines() if '"type":"stats"' in line][0]["counters"]


def counters(features, uses, workers=1, **options):
    result = run_python(PROGRAM, features, uses, workers, options={"stats": 1, "log_format": "json", **options})
    lines = [json.loads(line) for line in result.stderr.splitlines()]
    stats = [line for line in lines if line.get("type") == "stats"]
    check("%d features, %d uses, %d threads: one line of JSON, of type stats" % (features, uses, workers), result.status == 0 and len(lines) == len(stats) == 1, result)
    return stats[0]


with workshop() as folder:
    few, more = counters(100, 100), counters(100, 300)
    check_equal("20,000 more uses are 20,000 more calls", 20000, more["counters"]["calls"] - few["counters"]["calls"])
    check_equal("... and no visit off the fast path", few["counters"]["visits"], more["counters"]["visits"])
    check_equal("20,000 more in four threads are as many", 20000, counters(100, 300, 4)["counters"]["calls"] - counters(100, 100, 4)["counters"]["calls"])
    fewer = counters(60, 100)
    for name in ("births", "deaths"):
        check_equal("40 features more: %s" % name, 40, few["counters"][name] - fewer["counters"][name])
    many = counters(4000, 1)
    check("their visits were timed: some time, and less than a second each", 0 < many["counters"]["inside_ns"] < 1e9 * many["counters"]["visits"], many)
    check("stacks were taken in both ways", many["counters"]["stacks_fast"] > 3000 and many["counters"]["stacks_slow"] > 0, many)

    strangers = compile_c(STRANGERS, folder / "strangers", *gdal_flags())
    once, often = told_of([strangers, 100]), told_of([strangers, 20100])
    check("20,000 blocks that are no handle, freed by VSIFree: as many calls, no visit off the fast path", (often["calls"] - once["calls"], often["visits"]) == (20000, once["visits"]), (once, often))

    text = run_python(PROGRAM, 10, 10, 1, options="stats=1")
    check("as text: lines of their own, with what was dropped and what the arena holds",
          re.search(r"^==\d+== Holdfast stats: [1-9]\d* calls looked at$", text.stderr, re.M) and re.search(r"stats: 0 handles not recorded: arena full$", text.stderr, re.M) and
          re.search(r"stats: [1-9]\d* of \d+ handles in the arena were used$", text.stderr, re.M), text)
    check_equal("without the option not a word", "", run_python(PROGRAM, 10, 10, 1).stderr)
    check_equal("nor in a process that uses no library", "", run_python("print(1)", options="stats=1").stderr)

    full = run_python(KEPT, 20000, options={"stats": 1, "log_format": "json", "arena_size": "256k", "growth_many": 0})
    told = json.loads(full.stderr.splitlines()[-1])
    handles = told["arena"]["handles"]
    check("an arena that is too small: full, and what was dropped is counted", handles["used"] == handles["capacity"] and told["counters"]["dropped_handles"] > 10000, told)

    run_python(PROGRAM, 100, 100, 1, options={"record": folder / "arena", "record_size": "128m", "record_keep": 1})
    arena = next(iter(folder.glob("arena.*")))
    shown = run([BUILD / "tools" / "holdfast", "report", arena], preload=False)
    check("holdfast report tells the same of an arena", "%d calls looked at" % few["counters"]["calls"] in shown.stdout and re.search(r"the arena holds [1-9]\d* of \d+ handles, ", shown.stdout), shown)
sys.exit(finish())
