"""Bad options and a bad world: at most one clear line that names the option and the remedy, and the program runs on with the same output
and exit status.

usage: bad_input_test.py BUILD_DIRECTORY
"""
import os
import random
import re
import subprocess
import sys

from support import (FOLDER, PYTHON, check, check_equal, check_run, compile_c, contents, environment, finish, gdal_flags, make_inputs, no_core_dump, run, skip,
                     workshop)

# A program that does nothing wrong, and one that does: it uses a band after its dataset.
GOOD = "from osgeo import gdal\nds = gdal.Open('rgb.tif')\nprint(ds.GetRasterBand(1).Checksum())\nraise SystemExit(7)\n"
STALE = "from osgeo import gdal\nds = gdal.Open('rgb.tif')\nband = ds.GetRasterBand(1)\ndel ds\nprint(band.Checksum())\n"


def test_options(folder):
    plain = run([PYTHON, "good.py"], preload=False, cwd=folder)
    # options, and what the one line must name
    cases = {
        "unknown option": ("mood=defer", ["mood", "help=1"]),
        "unknown value": ("mode=lenient", ["mode", "lenient", "report", "defer", "reject"]),
        "a word for a number": ("stack_depth=deep", ["stack_depth", "deep", "number"]),
        "a negative number": ("hold_max=-3", ["hold_max", "-3", "number"]),
        "a number that is too large": ("hold_max=99999999999999999999999", ["hold_max", "number"]),
        "an exit status that none is": ("exitcode=300", ["exitcode", "255"]),
        "a flag that is neither 0 nor 1": ("halt_on_error=maybe", ["halt_on_error", "maybe", "0 or 1"]),
        "an unknown unit": ("arena_size=12x", ["arena_size", "12x", "k, m or g"]),
        "an arena too small": ("arena_size=1", ["arena_size", "256k"]),
        "an arena too large": ("arena_size=1000g", ["arena_size", "64g"]),
        "no '='": ("mode", ["mode", "name=value"]),
        "no name": ("=defer", ["defer", "name=value"]),
        "an empty value": ("mode=", ["mode", "report"]),
        "the separator of other tools": ("mode=defer,summary=0", ["mode", "report, defer or reject"]),
        "blanks": (" mode = defer", ["mode"]),
        "upper case": ("MODE=DEFER", ["MODE", "help=1"]),
        "a format that is none": ("log_format=xml", ["log_format", "xml", "json"]),
        "a path longer than any": ("log_path=/" + "x" * 2000, ["log_path", "1024"]),
        "an arena path that cannot be": ("record=/no/such/folder/arena", ["/no/such/folder/arena"]),
        "several mistakes": ("mood=1:mode=lenient:nothing", ["mood", "more mistake"]),
    }
    for name, (options, words) in cases.items():
        result = run([PYTHON, "good.py"], options=options, cwd=folder)
        lines = result.stderr.splitlines()
        check_run("%s: the program runs on" % name, result, 7, plain.stdout)
        check("%s: one line that names it and the remedy" % name,
              len(lines) == 1 and lines[0].startswith("holdfast: ") and all(word in lines[0] for word in words) and len(lines[0]) < 300,
              "expected one line on stderr with %s, came:\n%s" % (words, result.stderr))
    for name, options in {"no options": "", "only colons": ":::::", "an option twice": "mode=report:mode=defer", "a colon at the end": "mode=defer:"}.items():
        result = run([PYTHON, "good.py"], options=options, env={"HOLDFAST_OPTIONS": options}, cwd=folder)
        check_run("%s: nothing to say" % name, result, 7, plain.stdout, (), "")
    result = run([PYTHON, "stale.py"], options="mood=bad:mode=report:mode=defer:summary=0", cwd=folder)
    check("a mistake leaves the other options in force (the last mode holds, no summary)", result.status == 0 and result.reports == ["HF101"] and result.summary is None, result)


def test_hostile(folder):
    """A single string of the environment may have 128 KiB on Linux with a default stack: a megabyte comes in when the program sets it itself."""
    plain = run([PYTHON, "good.py"], preload=False, cwd=folder)
    noise = random.Random(5)
    raw = bytes(noise.randrange(1, 256) for number in range(1 << 20))
    texts = {
        "raw noise": raw,
        "colons": b":" * (1 << 20),
        "equal signs": b"=" * (1 << 20),
        "a very long name": b"n" * (1 << 20),
        "a very long value": b"mode=" + b"v" * (1 << 20),
        "many options": b"mode=defer:" * 95000,
        "many unknown options": b"a=b:" * 262144,
        "formats": b"%s%n%d=%s%n:" * 87000,
        "control characters": b"mode=\x1b[31m\r\x07\x7f:" * 60000,
    }
    for name, text in texts.items():
        for size in (1 << 20, 100000, 60000):
            (folder / "options").write_bytes(text[:size])
            # setenv before the first call of GDAL is what counts: the options are read then.
            source = "import os\nos.environb[b'HOLDFAST_OPTIONS'] = open('options', 'rb').read()\n" + GOOD
            (folder / "hostile.py").write_text(source)
            result = run([PYTHON, "hostile.py"], cwd=folder)
            lines = result.stderr.splitlines()
            check_run("%d bytes of %s: the program runs on" % (size, name), result, 7, plain.stdout)
            check("%d bytes of %s: one clear line at most" % (size, name),
                  len(lines) <= 1 and len(result.stderr) < 400 and all(line.startswith("holdfast: ") for line in lines) and not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", result.stderr),
                  "expected one line without control characters, came:\n%r" % result.stderr[:1000])
    result = run([PYTHON, "good.py"], env={"HOLDFAST_OPTIONS": "x" * 130000}, cwd=folder)
    check_run("130,000 bytes by the environment: the program runs on", result, 7, plain.stdout)
    check("130,000 bytes by the environment: one line", result.stderr.count("\n") == 1 and "HOLDFAST_OPTIONS" in result.stderr, result.stderr)


def test_help(folder):
    plain = run([PYTHON, "good.py"], preload=False, cwd=folder)
    result = run([PYTHON, "good.py"], options="help=1", cwd=folder)
    names = re.findall(r'^OPTION\((\w+),', (FOLDER.parents[1] / "shim" / "options.def").read_text(), re.MULTILINE)
    check_run("help=1: the program runs on", result, 7, plain.stdout)
    for name in names:
        check("help=1 lists %s with its default" % name, re.search(r"^  %s\s+\(default .*\) \S" % name, result.stderr, re.MULTILINE) is not None, result.stderr)


def test_log_path(folder):
    plain = run([PYTHON, "good.py"], preload=False, cwd=folder)
    sums = plain.stdout
    (folder / "file").write_text("")
    for name, path in {"in no folder": "/no/such/folder/log", "in a file": str(folder / "file" / "log"), "in /proc": "/proc/log"}.items():
        result = run([PYTHON, "good.py"], options={"log_path": path}, cwd=folder)
        lines = result.stderr.splitlines()
        check_run("log_path %s: the program runs on" % name, result, 7, sums)
        check("log_path %s: one line at most, which names the option and the path" % name,
              len(lines) <= 1 and all("log_path" in line and path[:20] in line for line in lines), result.stderr)
        result = run([PYTHON, "stale.py"], options={"log_path": path}, cwd=folder)
        complaints = [line for line in result.stderr.splitlines() if line.startswith("holdfast: ")]
        check_run("log_path %s and something to report: it is on stderr instead" % name, result, 0, sums, ["HF101"])
        check("log_path %s: said once" % name, len(complaints) == 1 and "log_path" in complaints[0] and "stderr" in complaints[0], result.stderr)
    (folder / "logs").mkdir()
    result = run([PYTHON, "stale.py"], options={"log_path": folder / "logs" / "log"}, cwd=folder)
    logs = [path.name for path in (folder / "logs").iterdir()]
    check_run("log_path that works: nothing on stderr", result, 0, sums, (), "")
    check("log_path that works: one file log.PID", len(logs) == 1 and re.fullmatch(r"log\.\d+", logs[0]) is not None, logs)
    result = run([PYTHON, "good.py"], options={"log_path": folder / "logs" / "other"}, cwd=folder)
    check("log_path and nothing to report: no file", not list((folder / "logs").glob("other*")), contents(folder / "logs"))
    test_full_disk(folder, sums)


def test_full_disk(folder, sums):
    place = folder / "small"
    place.mkdir()
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(place)], capture_output=True).returncode != 0:
        skip("full disk", "a tmpfs can be mounted by root only")
        return
    try:
        with open(place / "filler", "wb") as filler:
            try:
                for number in range(100):
                    filler.write(b"x" * 4096)
                    filler.flush()
            except OSError:
                pass
    except OSError:
        pass
    try:
        for name, options in {"log_path": {"log_path": place / "log"}, "log_path, JSON": {"log_path": place / "log", "log_format": "json"},
                              "record": {"record": place / "arena", "log_path": place / "log"}, "verdict_path": {"verdict_path": place / "verdict", "log_path": place / "log"}}.items():
            result = run([PYTHON, "stale.py"], options=options, cwd=folder)
            complaints = [line for line in result.stderr.splitlines() if line.startswith("holdfast: ")]
            check("%s on a full disk: the program runs on" % name, result.status == 0 and result.stdout == sums, result)
            limit = 2 if name == "record" else 1  # two options that cannot be obeyed
            check("%s on a full disk: one line each at most, and the report on stderr" % name,
                  1 <= len(complaints) <= limit and "HF101" in result.stderr, result.stderr)
    finally:
        subprocess.run(["umount", str(place)], capture_output=True)


def shell(command, folder, options=None):
    """stdout and status of a shell command in which $PYTHON runs preloaded; what it writes to stderr comes too."""
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, cwd=folder, preexec_fn=no_core_dump, timeout=60,
                          env=environment(options, True, {"P": PYTHON}))
    return done


def test_stderr(folder):
    sums = run([PYTHON, "good.py"], preload=False, cwd=folder).stdout
    done = shell("$P stale.py 2>&-; echo status $?", folder)
    check_equal("stderr closed: the same output and status", sums + "status 0\n", done.stdout)
    done = shell("$P good.py 2>&-; echo status $?", folder, "mood=1")
    check_equal("stderr closed and a wrong option: the same output and status", sums + "status 7\n", done.stdout)
    # A pipe whose reader is gone: writing gives EPIPE and would send SIGPIPE.
    for options in (None, "help=1", "mood=1", "log_format=json"):
        reader, writer = os.pipe()
        os.close(reader)
        result = run([PYTHON, "stale.py"], options=options, cwd=folder, stderr=writer)
        os.close(writer)
        check("stderr is a closed pipe (%s): the same output and status" % options, result.status == 0 and result.stdout == sums, result)
    # A C program has SIGPIPE at its default, which ends it; Python ignores the signal.
    late = compile_c(LATE, folder / "late", *gdal_flags())
    reader, writer = os.pipe()
    os.close(reader)
    result = run([late], cwd=folder, stderr=writer)
    os.close(writer)
    check("stderr is a closed pipe, a C program: the late use works and SIGPIPE does not end it", result.status == 0 and result.stdout == "width 120, still here\n", result)
    done = shell("$P stale.py 2>/dev/full; echo status $?", folder)
    check_equal("stderr is /dev/full: the same output and status", sums + "status 0\n", done.stdout)
    done = shell("exec 1>&- 2>&- 0<&-; $P stale.py; test $? = 0 && touch all_closed_worked", folder)
    check("stdin, stdout and stderr closed: the same status", (folder / "all_closed_worked").exists(), done)


LATE = r"""
#include <gdal.h>
#include <stdio.h>
int main(void)
{
    GDALAllRegister();
    GDALDatasetH dataset = GDALOpen("rgb.tif", GA_ReadOnly);
    GDALRasterBandH band = GDALGetRasterBand(dataset, 1);
    GDALClose(dataset);
    int width = GDALGetRasterBandXSize(band);
    printf("width %d, still here\n", width);
    return 0;
}
"""

DATA = r"""
#include <cpl_error.h>
#include <fcntl.h>
#include <gdal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
/* Gives descriptor 2 to data of the program in the way that words[1] tells, then uses a band late, twice, and writes its data. */
int main(int count, char **words)
{
    const char *way = words[1];
    GDALAllRegister();
    CPLSetErrorHandler(CPLQuietErrorHandler);
    int ends[2] = {-1, -1}, flags = O_RDWR | O_CREAT | O_TRUNC | (strstr(way, "append") ? O_APPEND : 0);
    if (strncmp(way, "inherited", 9) != 0)
        close(2);
    int data = strstr(way, "socket") ? (socketpair(AF_UNIX, SOCK_STREAM, 0, ends), ends[0])
             : strstr(way, "pipe") ? (pipe(ends), ends[0] == 2 ? ends[0] : ends[1]) : open("data.bin", flags, 0644);
    if (strstr(way, "pipe") && ends[0] == 2)
    {
        ends[0] = dup(2); /* the writing end is wanted at 2 */
        dup2(ends[1], 2);
        data = 2;
        ends[1] = ends[0];
    }
    if (data != 2)
        return 9;
    if (write(2, "data one\n", 9) != 9)
        return 8;
    GDALDatasetH dataset = GDALOpen("rgb.tif", GA_ReadOnly);
    GDALRasterBandH band = GDALGetRasterBand(dataset, 1);
    GDALClose(dataset);
    GDALGetRasterBandXSize(band);
    GDALGetRasterBandYSize(band);
    if (write(2, "data two\n", 9) != 9)
        return 8;
    if (ends[1] >= 0)
    {
        char got[4096];
        ssize_t bytes = read(ends[1], got, sizeof got);
        FILE *out = fopen("data.bin", "w");
        fwrite(got, 1, bytes > 0 ? (size_t)bytes : 0, out);
        fclose(out);
    }
    (void)count;
    return 0;
}
"""


def test_reused_descriptor(folder):
    program = compile_c(DATA, folder / "data", *gdal_flags())
    for way, closed, what in (("inherited file", True, "closed before the program starts, then a data file"), ("file", False, "closed by the program, then a data file"),
                              ("inherited append file", True, "closed before the program starts, then a data file opened for appending"),
                              ("inherited socket", True, "closed before the program starts, then a socket"), ("inherited pipe", True, "closed before the program starts, then a pipe"),
                              ("socket", False, "closed by the program, then a socket"), ("pipe", False, "closed by the program, then a pipe")):
        (folder / "data.bin").write_text("")
        done = shell("./data '%s' %s; echo status $?" % (way, "2>&-" if closed else ""), folder)
        check_equal("descriptor 2 %s: same status" % what, "status 0\n", done.stdout)
        check_equal("descriptor 2 %s: no text of Holdfast in the data" % what, "data one\ndata two\n", (folder / "data.bin").read_text(errors="replace"))
        (folder / "log_here").mkdir(exist_ok=True)
        done = shell("./data '%s' %s; echo status $?" % (way, "2>&-" if closed else ""), folder, {"log_path": folder / "log_here" / "log"})
        logs = list((folder / "log_here").iterdir())
        check("descriptor 2 %s: the report is in log_path" % what, len(logs) == 1 and "HF101" in logs[0].read_text() and done.stdout == "status 0\n", (done.stdout, logs))
        for log in logs:
            log.unlink()


with workshop() as folder:
    make_inputs(folder)
    (folder / "good.py").write_text(GOOD)
    (folder / "stale.py").write_text(STALE)
    test_options(folder)
    test_help(folder)
    test_hostile(folder)
    test_log_path(folder)
    test_stderr(folder)
    test_reused_descriptor(folder)
sys.exit(finish())
