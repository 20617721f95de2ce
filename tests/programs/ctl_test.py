"""Control of a running process: `holdfast ctl` changes modes and options, switches Holdfast off and on again, and tells how it fares, while the program works.

usage: ctl_test.py BUILD_DIRECTORY
"""
import json
import os
import re
import subprocess
import sys
import time

from support import BUILD, COMMAND, LIBRARY, PYTHON, check, check_equal, compile_c, environment, finish, gdal_flags, make_inputs, run, skip, workshop

# Does what it reads from stdin, a word a line, and answers with a line each.
STEPS = r"""
#include <gdal.h>
#include <ogr_api.h>
#include <ogr_srs_api.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
static OGRFeatureDefnH definition;
static OGRFeatureH feature;
static OGRGeometryH geometry;
static OGRSpatialReferenceH lent;
static GDALDatasetH dataset, file;
static GDALRasterBandH band;
static OGRSpatialReferenceH systems[2];
static int swaps;
int main(int count, char **arguments)
{
    char word[64];
    setvbuf(stdout, NULL, _IOLBF, 0);
    GDALAllRegister();
    definition = OGR_FD_Create("made");
    OGR_FD_Reference(definition);
    for (int i = 0; i < 2; i++)
        systems[i] = OSRNewSpatialReference(NULL);
    OSRImportFromEPSG(systems[0], 4326);
    OSRImportFromEPSG(systems[1], 32631);
    dataset = GDALCreate(GDALGetDriverByName("MEM"), "m", 8, 4, 1, GDT_Byte, NULL);
    GDALSetSpatialRef(dataset, systems[0]);
    printf("ready\n");
    while (scanf("%63s", word) == 1) {
        int answer = 0;
        if (strcmp(word, "touch") == 0) /* a call that Holdfast looks at */
            OSRDestroySpatialReference(OSRNewSpatialReference(NULL));
        else if (strcmp(word, "mistake") == 0) { /* HF107, logged in every mode */
            lent = GDALGetSpatialRef(dataset);
            GDALSetSpatialRef(dataset, systems[++swaps % 2]);
            answer = OSRIsGeographic(lent);
        } else if (strcmp(word, "give") == 0) {
            feature = OGR_F_Create(definition);
            geometry = OGR_G_CreateGeometry(wkbPoint);
            answer = OGR_F_SetGeometryDirectly(feature, geometry);
        } else if (strcmp(word, "steal") == 0)
            answer = OGR_F_StealGeometry(feature) == geometry;
        else if (strcmp(word, "destroy") == 0) { /* what was stolen: it is the caller's */
            OGR_G_DestroyGeometry(geometry);
            OGR_F_Destroy(feature);
        } else if (strcmp(word, "hold") == 0) { /* a band is lent, and its dataset closed first */
            file = GDALOpen(arguments[1], GA_ReadOnly);
            band = GDALGetRasterBand(file, 1);
            GDALClose(file);
        } else if (strcmp(word, "fork") == 0) { /* the child goes on with what comes, its parent waits for it */
            pid_t child = fork();
            if (child != 0) {
                int status = 1;
                waitpid(child, &status, 0);
                return status;
            }
            answer = getpid();
        } else if (strcmp(word, "spin") == 0) { /* nothing but calls by the fast path, until somebody says stop by a file */
            GDALRasterBandH spun = GDALGetRasterBand(dataset, 1);
            printf("spinning\n");
            while (fopen(arguments[2], "r") == NULL)
                for (int i = 0; i < 100000; i++)
                    answer += GDALGetRasterBandXSize(spun) - 8;
        }
        printf("%s %d\n", word, answer);
    }
    OSRRelease(systems[0]);
    OSRRelease(systems[1]);
    GDALClose(dataset);
    OGR_FD_Release(definition);
    return 0;
}
"""

# Threads that make a certain number of mistakes, and hold and close files, as long as a line on stdin says.
LOAD = r"""
#include <dirent.h>
#include <gdal.h>
#include <ogr_srs_api.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
static _Atomic long mistakes;
static _Atomic int stop;
static const char *path;
static void *work(void *unused)
{
    OGRSpatialReferenceH systems[2] = {OSRNewSpatialReference(NULL), OSRNewSpatialReference(NULL)};
    OSRImportFromEPSG(systems[0], 4326);
    OSRImportFromEPSG(systems[1], 32631);
    GDALDatasetH dataset = GDALCreate(GDALGetDriverByName("MEM"), "m", 8, 4, 1, GDT_Byte, NULL);
    GDALSetSpatialRef(dataset, systems[0]);
    for (int turn = 1; !stop; turn++) {
        OGRSpatialReferenceH lent = GDALGetSpatialRef(dataset);
        GDALSetSpatialRef(dataset, systems[turn % 2]);
        if (OSRIsGeographic(lent) != (turn % 2 == 0))
            abort();
        mistakes++;
        GDALDatasetH file = GDALOpen(path, GA_ReadOnly);
        if (file == NULL || GDALGetRasterBandXSize(GDALGetRasterBand(file, 1)) <= 0)
            abort();
        GDALClose(file);
    }
    GDALClose(dataset);
    OSRRelease(systems[0]);
    OSRRelease(systems[1]);
    return unused;
}
static int open_files(void)
{
    int found = 0;
    char link[64], target[4096];
    DIR *folder = opendir("/proc/self/fd");
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        snprintf(link, sizeof link, "/proc/self/fd/%.20s", entry->d_name);
        ssize_t length = readlink(link, target, sizeof target - 1);
        target[length < 0 ? 0 : length] = 0;
        found += length > 0 && strcmp(target, path) == 0;
    }
    closedir(folder);
    return found;
}
int main(int count, char **arguments)
{
    pthread_t threads[4];
    path = arguments[1];
    setvbuf(stdout, NULL, _IOLBF, 0);
    GDALAllRegister();
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, work, NULL);
    printf("ready\n");
    getchar();
    stop = 1;
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    OSRDestroySpatialReference(OSRNewSpatialReference(NULL));
    printf("%ld %d\n", (long)mistakes, open_files());
    return 0;
}
"""


# A free that is postponed, by its geometry's proxy, in the set of the thread that made it.
YOUNG = """
import sys
from osgeo import ogr
definition = ogr.FeatureDefn("made")
def made():
    feature = ogr.Feature(definition)
    feature.SetGeometry(ogr.CreateGeometryFromWkt("POINT (1 2)"))
    return feature
for i in range(100): made()
kept = []
print("ready", flush=True)
for word in sys.stdin:
    feature = made()
    if word == "hold\\n":
        kept.append(feature.GetGeometryRef())
    if word == "drop\\n":
        kept.clear()
    del feature
    print(word.strip(), flush=True)
"""


class Session:
    """A program that waits for words on stdin, and what is asked of it by `holdfast ctl`."""

    def __init__(self, argv, options=None):
        self.process = subprocess.Popen([str(word) for word in argv], env=environment(options), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.pid = self.process.pid
        assert self.process.stdout.readline() == "ready\n"

    def do(self, word, wait=True):
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip() if wait else None

    def start(self, *request, **more):
        return subprocess.Popen([COMMAND, "ctl", "--timeout", str(more.pop("timeout", 60)), str(self.pid), *request], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)

    def ask(self, *request, touch="touch", **more):
        """Ask, and make the program do something meanwhile, so that it looks. (status, stdout + stderr)"""
        asked = self.start(*request, **more)
        while asked.poll() is None:
            if touch:
                self.do(touch)
        return asked.returncode, asked.stdout.read() + asked.stderr.read()

    def end(self):
        self.process.stdin.close()
        self.out, self.err = self.process.stdout.read(), self.process.stderr.read()
        return self.process.wait()


def lines_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_requests(folder, steps):
    log = folder / "requests"
    session = Session([steps, folder / "dem.tif", folder / "stop"], {"log_path": log, "log_format": "json"})
    status, text = session.ask("status")
    check("status: on, the mode, what it counted, its memory", status == 0 and "Holdfast is on, mode defer" in text and re.search(r"[1-9]\d* born", text) and
          re.search(r"memory +[1-9]\d* bytes: of the arena", text), text)
    check_equal("a mistake is made in mode defer", "mistake 0", session.do("mistake"))
    check_equal("an option is changed", (0, "changed: mode=reject\n"), session.ask("mode=reject"))
    check_equal("two at once", (0, "changed: rules=HF107=off:log_rate=7\n"), session.ask("levels=HF107=off", "log_rate=7"))
    session.do("mistake")
    check_equal("... and back", 0, session.ask("rules=all=error")[0])
    session.do("mistake")
    for request, words in {"mode=lenient": "expected report, defer or reject", "arena_size=1m": "cannot be asked of a running process", "@/etc/passwd": "is no request",
                           "log_rate=1:@/etc/passwd=": "reads no files", "nonsense=1": "cannot be asked"}.items():
        status, text = session.ask(request)
        check("refused with its reason: %s" % request, status in (1, 2) and words in text, (status, text))
    check("what is refused is refused wholly: the mode is the one of before", "mode reject" in session.ask("status")[1])
    check("one of two is wrong: nothing is changed", session.ask("mode=report", "log_rate=x")[0] == 1 and "mode reject" in session.ask("status")[1])
    status, text = session.ask("dump")
    check("dump: the number of handles, each in the log", status == 0 and re.match(r"[1-9]\d* handles", text), text)
    check("rotate", session.ask("rotate")[0] == 0)
    session.do("mistake")
    check_equal("it ends well", 0, session.end())
    young, old = folder / ("requests.%d" % session.pid), folder / ("requests.%d.1" % session.pid)
    # off for one of four; the fourth is the second line of the same place
    check("the old log has the reports of before, the new one what came later", young.exists() and old.exists() and [line["type"] for line in lines_of(old)][0] == "violation", os.listdir(folder))
    summary = [line for line in lines_of(young) if line["type"] == "summary"]
    check("one violation, two repeats: the one whose rule was off is not counted", summary and (summary[0]["violations"], summary[0]["repeats"]) == (1, 2), summary)
    handles = [line for line in lines_of(old) if line["type"] == "handle"]
    check("the dump names the dataset and where it is from", any("dataset 'm'" in line["description"] and "steps+0x" in line["place"] for line in handles), handles)


def test_reach(folder, steps):
    plain = subprocess.Popen(["/bin/sleep", "100"])
    result = run([COMMAND, "ctl", plain.pid, "status"], preload=False)
    check("a process without Holdfast: said", result.status == 1 and "does not run under Holdfast" in result.stderr, result)
    plain.kill()
    plain.wait()
    result = run([COMMAND, "ctl", plain.pid, "status"], preload=False)
    check("a process that is gone: said", result.status == 1 and "none with this number" in result.stderr, result)
    for arguments in ([], ["x", "status"], ["1"], ["--timeout", "soon", "1", "status"], ["1", "mode"], ["-1", "status"]):
        check("wrong arguments, status 2: %s" % arguments, run([COMMAND, "ctl", *arguments], preload=False).status == 2)
    session = Session([steps, folder / "dem.tif", folder / "stop"], "ctl=0")
    status, text = session.ask("mode=report")
    check("ctl=0: refused", status == 1 and "ctl=0" in text, text)
    check("... but its state can be seen", "takes no requests" in session.ask("status", touch=None)[1])
    session.end()
    session = Session([steps, folder / "dem.tif", folder / "stop"])
    status, text = session.ask("mode=report", touch=None, timeout=0.2)
    check("no call, no answer: status 3, and the request stays", status == 3 and "The request stays" in text, (status, text))
    session.do("touch")
    check("... until the next call", "mode report" in session.ask("status")[1])
    if os.getuid() == 0:
        stranger = session.ask("status", touch=None, user=65534)
        check("another user may not", stranger[0] == 1 and "may not be read" in stranger[1], stranger)
        own = subprocess.run([COMMAND, "ctl", "--timeout", "1", str(session.pid), "mode=reject"], user=65534, capture_output=True, text=True)
        check("... change anything either", own.returncode == 1 and "mode report" in session.ask("status")[1], own)
    else:
        skip("requests of another user", "this test is not run by root")
    session.end()


def test_off_and_on(folder, steps):
    log = folder / "off"
    session = Session([steps, folder / "dem.tif", folder / "stop"], {"log_path": log, "log_format": "json", "mode": "reject", "stats": 1})
    session.do("give")
    check_equal("off", 0, session.ask("off")[0])
    check("status says so", "Holdfast is off" in session.ask("status")[1])
    told = session.ask("status", touch=None)[1]
    check("... also of one that sits still, with that", "Holdfast is off" in told and "for a second it made no call" in told, told)
    status, text = session.ask("settle", touch=None, timeout=1)
    check("... and what status asked for its own sake is no request of the user's", status == 3 and "earlier request" not in text, (status, text))
    session.do("mistake")
    check_equal("what was given away is stolen back unseen", "steal 1", session.do("steal"))
    check_equal("on", 0, session.ask("on")[0])
    check("on again: said", "it is on already" in session.ask("on")[1])
    session.do("destroy")
    check("nothing that happened while off makes a report, nor does what it led to", not (folder / ("off.%d" % session.pid)).exists())
    session.do("mistake")
    check_equal("it ends well", 0, session.end())
    lines = lines_of(folder / ("off.%d" % session.pid))
    check_equal("what is wrong afterwards is told", [("HF107", "logged")], [(line["rule"], line["action"]) for line in lines if line["type"] == "violation"])
    stats = [line for line in lines if line["type"] == "stats"][0]["counters"]
    check_equal("no call was refused", 0, stats["refusals"])

    session = Session([steps, folder / "dem.tif", folder / "stop"])
    files = lambda: [os.readlink("/proc/%d/fd/%s" % (session.pid, name)) for name in os.listdir("/proc/%d/fd" % session.pid)].count(str(folder / "dem.tif"))
    session.do("hold")
    check_equal("a free is postponed: the file is open", 1, files())
    status, text = session.ask("settle")
    check("settle: closed", status == 0 and files() == 0, (text, files()))
    session.do("hold")
    status, text = session.ask("off")
    check("off releases what is held", status == 0 and files() == 0 and "1 postponed" in text, (text, files()))
    session.do("hold")
    check_equal("... and holds nothing", 0, files())
    session.ask("on")
    session.do("hold")
    check_equal("on again: held", 1, files())
    status, text = session.ask("mode=report")
    check("mode report releases what is held", status == 0 and files() == 0 and "1 postponed" in text, (text, files()))
    check_equal("it ends well", 0, session.end())


def test_young(folder, steps):
    (folder / "young.py").write_text(YOUNG)
    session = Session([PYTHON, folder / "young.py"])
    for words, count in (([], 0), (["hold"] * 3, 3), (["drop"], 0)):
        for word in words:
            session.do(word)
        status, text = session.ask("status")
        check("status after %s: %d frees are postponed" % (words, count), status == 0 and "; %d frees are postponed now" % count in text, text)
    check_equal("it ends well", 0, session.end())


def test_signal(folder, steps):
    stop = folder / "stop"
    session = Session([steps, folder / "dem.tif", stop], "ctl_signal=RTMAX-4")
    session.do("spin")
    # The loop takes nothing but the fast path, where nothing is looked at.
    status, text = session.ask("mode=report", touch=None)
    check("the signal makes a loop of fast calls look", status == 0 and "changed" in text, (status, text))
    stop.write_text("")
    session.process.stdout.readline()
    check_equal("it ends well", 0, session.end())
    stop.unlink()
    session = Session([steps, folder / "dem.tif", stop])
    session.do("spin")
    # The calls before the loop look, and on a busy machine the first request may come in time for them.
    answers = [session.ask("mode=report", touch=None, timeout=0.5)[0] for _ in range(2)]
    check_equal("without the signal the loop does not look", 3, answers[-1])
    stop.write_text("")
    session.process.stdout.readline()
    session.end()
    stop.unlink()


def test_fork(folder, steps):
    """A child of fork is a process of its own to ask."""
    session = Session([steps, folder / "dem.tif", folder / "stop"])
    check_equal("before the fork", 0, session.ask("mode=reject")[0])
    session.pid = int(session.do("fork").split()[1])
    status, text = session.ask("status")
    check("a child of fork tells of itself, and has what its parent was told", status == 0 and "process %d " % session.pid in text and "mode reject" in text, text)
    status, text = session.ask("mode=report")
    check("... and is asked", status == 0 and text.startswith("changed: mode=report"), text)
    check("... its parent is another one", "mode reject" in subprocess.run([COMMAND, "ctl", str(session.process.pid), "status"], stdout=subprocess.PIPE, text=True, check=False).stdout)
    check_equal("it ends well", 0, session.end())


def test_load(folder, load):
    """Modes are switched while four threads make mistakes and close datasets whose bands are out: each mistake is counted once, each free happens once."""
    session = Session([load, folder / "dem.tif"], {"stats": 1, "log_format": "json", "log_rate": 0, "grace_max": 8})
    wrong, switches = [], 0
    for mode in ["report", "defer", "reject"] * 15 + ["report"]:
        status, text = session.ask("mode=" + mode, touch=None)
        switches += 1
        if status != 0:
            wrong.append((mode, text))
    check_equal("%d switches under load, each answered" % switches, [], wrong)
    mistakes, files = map(int, session.do("").split())
    check_equal("it ends well", 0, session.end())
    lines = [json.loads(line) for line in session.err.splitlines()]
    stats = [line for line in lines if line["type"] == "stats"][0]["counters"]
    check_equal("%d mistakes: each counted once" % mistakes, mistakes, stats["violations"] + stats["unjudged"])
    check("some frees were postponed", stats["held"] > 0, stats)
    check_equal("every postponed free was carried out, once", stats["held"], stats["released"])
    check_equal("in mode report no file stays open", 0, files)
    check("nothing but this mistake was told", {line["rule"] for line in lines if line["type"] == "violation"} == {"HF107"}, lines)

    session = Session([load, folder / "dem.tif"], {"stats": 1, "log_format": "json", "log_rate": 0})
    wrong = []
    for request in ["off", "on"] * 15:
        status, text = session.ask(request, touch=None)
        if status != 0:
            wrong.append((request, status, text))
    check_equal("30 times off and on under load, each answered", [], wrong)
    mistakes, files = map(int, session.do("").split())
    check_equal("it ends well", 0, session.end())
    lines = [json.loads(line) for line in session.err.splitlines()]
    stats = [line for line in lines if line["type"] == "stats"][0]["counters"]
    check("of %d mistakes no more were counted than were made" % mistakes, 0 < stats["violations"] <= mistakes, stats)
    check_equal("no call was refused", 0, stats["refusals"])
    check("nothing but this mistake was told", {line["rule"] for line in lines if line["type"] == "violation"} == {"HF107"}, lines)


with workshop() as folder:
    make_inputs(folder)
    raster = folder / "dem.tif"
    if not raster.exists():
        sys.exit("the test data have another name: %s" % os.listdir(folder))
    raster = raster.resolve()
    steps = compile_c(STEPS, folder / "steps", *gdal_flags())
    load = compile_c(LOAD, folder / "load", "-pthread", *gdal_flags())
    for test, program in ((test_requests, steps), (test_reach, steps), (test_off_and_on, steps), (test_young, steps), (test_signal, steps), (test_fork, steps), (test_load, load)):
        test(folder.resolve(), program)
sys.exit(finish())
