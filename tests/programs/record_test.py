"""The record (option record=): readable at any instant, also when the process was killed at it; names, bounds, and when it stays.

usage: record_test.py BUILD_DIRECTORY [KILLS]     KILLS: how often a busy program is killed, 60 unless told
"""
import json
import os
import random
import re
import resource
import signal
import subprocess
import sys

from support import COMMAND, FOLDER, PYTHON, check, check_equal, compile_c, environment, finish, gdal_flags, no_core_dump, run, run_python, skip, workshop

KILLS = int(sys.argv[2]) if len(sys.argv) > 2 else 60
SEED = 20260101

USER = """
import os, signal, sys
from osgeo import ogr
definition = ogr.FeatureDefn("made")
kept = [ogr.Feature(definition) for i in range(7)]
"""
WRONG = USER + """
geometry = ogr.CreateGeometryFromWkt("POLYGON ((0 0,1 0,1 1,0 0))")
ring = geometry.GetGeometryRef(0)
del geometry
ring.GetPointCount()
"""
END = {"kill": "os.kill(os.getpid(), signal.SIGKILL)\n", "stop": "print('stopped', flush=True); os.kill(os.getpid(), signal.SIGSTOP)\n"}


def holdfast(*arguments):
    return run([COMMAND, *arguments], preload=False)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def notices(result):
    return [notice["message"] for notice in json.loads(result.stdout)["notices"]]


def sound(record):
    """What speaks against this record: it does not pass the check, or cannot be read."""
    verdict, report = holdfast("report", "--check", record), holdfast("report", "--format", "json", record)
    if verdict.status != 0 or not verdict.stdout.strip():
        return "check: %s" % verdict
    if report.status != 0 or len(notices(report)) < 3:
        return "report: %s" % report
    return None


def start(argv, folder, **options):
    return subprocess.Popen([str(word) for word in argv], env=environment({"record": folder / "%p", "record_files": 0, **options}), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                            stdin=subprocess.DEVNULL, start_new_session=True, preexec_fn=no_core_dump)


# ---- killed at any instant ---------------------------------------------------------------------------------------------

def test_kills(folder, busy):
    """Mostly when all eight threads are at work, every fifth time at its start."""
    chance, wrong, unfinished, unrecorded = random.Random(SEED), [], 0, 0
    for number in range(KILLS):
        process = start([busy, "30", *chance.choice([[], [folder / "small.tif"]])], folder / "kills")
        early = number % 5 == 0
        if not early:
            process.stdout.readline()
        try:
            process.wait(chance.random() * (0.3 if early else 0.05))
            wrong.append("kill %d: it ended before" % number)
        except subprocess.TimeoutExpired:
            pass
        process.kill()
        process.wait()
        process.stdout.close()
        record = folder / "kills" / str(process.pid)
        if not record.exists():
            unrecorded += 1
            if not early:
                wrong.append("kill %d: no record" % number)
            continue
        problem = sound(record)
        unfinished += "in the middle of a change" in holdfast("report", "--check", record).stdout
        if problem:
            wrong.append("kill %d of seed %d: %s" % (number, SEED, problem))
        elif not problem and "was killed" not in notices(holdfast("report", "--format", "json", record))[0]:
            wrong.append("kill %d: it is not said to have been killed" % number)
        record.unlink()
    check("killed %d times: each record opens, is sound, and says so (%d in the midst of a change, %d before there was one)" % (KILLS, unfinished, unrecorded), not wrong, "\n".join(wrong[:5]))
    check_equal("nothing half made is left", [], names(folder / "kills"))


def test_live(folder, busy):
    process = start([busy, "60"], folder / "kills")
    process.stdout.readline()
    wrong = []
    for number in range(25):
        by_pid, by_name = holdfast("report", "--check", process.pid), sound(folder / "kills" / str(process.pid))
        if by_pid.status != 0 or by_name:
            wrong.append("look %d: %s\n%s" % (number, by_pid, by_name))
    shown = holdfast("report", process.pid)
    check("looked at 25 times while eight threads work: sound each time", not wrong and process.poll() is None, "\n".join(wrong[:3]))
    check("by its pid: it is running, what lives and where it comes from", "is running" in shown.stdout and "alive: 8 geos_context, made by GEOS_init_r at " in shown.stdout and
          re.search(r"alive: \d+ feature, made by OGR_F_Create at \S*record_busy.c:\d+ in features", shown.stdout), shown)
    process.kill()
    process.wait()
    process.stdout.close()
    (folder / "kills" / str(process.pid)).unlink()
    check("the pid of a process without a record: said", holdfast("report", os.getpid()).status == 1 and "has no record" in holdfast("report", os.getpid()).stderr)


def test_youngest(folder):
    """What was made a moment before is in a set of the thread's own: it must be in the record too."""
    run_python(USER + END["kill"], options={"record": folder / "young" / "r", "record_files": 0})
    report = holdfast("report", next((folder / "young").iterdir()))
    check("young handles are in the record of a killed process", "alive: 7 feature, made by OGR_F_Create at " in report.stdout and "was killed" in report.stdout, report)
    check("... with their counts", re.search(r" ([89]|\d\d) handles born, ", report.stdout), report)
    run_python(WRONG + END["kill"], options={"record": folder / "young" / "w", "record_files": 0, "log_path": folder / "log"})
    report = holdfast("report", next((folder / "young").glob("w*")))
    check("violations and last events are in it", "HF101" in report.stdout and re.search(r"event: \d\d:\d\d:\d\d in thread \d+, violation, ", report.stdout), report)
    for path in (folder / "young").iterdir():
        path.unlink()


# ---- names ---------------------------------------------------------------------------------------------------------------

def test_names(folder):
    place, host = folder / "names", os.uname().nodename
    for pattern, expected in {"%e-%h-%p-%t": r"python3-%s-\d+-\d{10}" % re.escape(host), "plain": r"plain\.\d+", "100%%.%p": r"100%\.\d+", "%p%p": r"(\d+)\1"}.items():
        result = run_python(USER, options={"record": place / pattern, "record_keep": 1})
        check("a record named %s" % pattern, len(names(place)) == 1 and re.fullmatch(expected, names(place)[0]) and result.stderr == "", "%s\n%s" % (names(place), result))
        for path in place.iterdir():
            path.unlink()
    result = run_python(USER, options={"record": "here.%p", "record_keep": 1}, cwd=place)
    check("a relative one lies in the directory of the start", len(names(place)) == 1 and names(place)[0].startswith("here."), names(place))
    (place / names(place)[0]).unlink()
    result = run_python("import os\nos.chdir('/')\n" + USER + "os.fork() or os._exit(0)\nos.wait()", options={"record": str(place) + "/moved.%p"})
    check_equal("a process that goes elsewhere takes its record with it", [], names(place))
    for pattern, words in {"%x.%p": ["%x in '", "is unknown", "%p is the pid"], "end%": ["nothing behind the last %"]}.items():
        result = run_python(USER, options={"record": place / pattern})
        check("a pattern that is wrong, %s: one line, and no record" % pattern, result.status == 0 and len(result.stderr.splitlines()) == 1 and all(word in result.stderr for word in words) and not names(place), result)


# ---- what stays, and how much ------------------------------------------------------------------------------------------------

def test_staying(folder):
    place = folder / "stay"
    options = {"record": place / "%p", "log_path": folder / "log"}
    for what, source, more, count in (("a clean exit", USER, {}, 0), ("a clean exit with record_keep", USER, {"record_keep": 1}, 1), ("a violation", WRONG, {}, 1), ("a kill", USER + END["kill"], {}, 1),
                                      ("_exit", USER + "os._exit(3)", {}, 0), ("_exit after a violation", WRONG + "os._exit(3)", {}, 1), ("an exit in a program without the libraries", "pass", {}, 0),
                                      ("a leak that is told", USER + "os.dup(1); kept[0].this.disown(); kept.pop(0)", {"leaks": "all"}, 1)):
        run_python(source, options={**options, **more})
        check_equal("after %s: so many records stay" % what, count, len(names(place)))
        for path in place.iterdir():
            path.unlink()

    done = run_python(USER + """
for i in range(3):
    if os.fork() == 0:
        more = ogr.Feature(definition)
        os.kill(os.getpid(), signal.SIGKILL) if i == 0 else os._exit(0) if i == 1 else sys.exit(0)
    os.wait()
print(os.getpid())
""", options={**options, "record_keep": 1})
    check("a child of fork has a record of its own", done.status == 0 and len(names(place)) == 4 and done.stdout.strip() in names(place), "%s\n%s" % (names(place), done))
    told = sorted(notices(holdfast("report", "--format", "json", path))[0].split(";")[0] for path in place.iterdir())
    check_equal("... and each says how its process ended", ["ended properly"] * 3 + ["was killed"], sorted(text.split(" ", 1)[1] for text in told))
    check("... and is sound", all(sound(path) is None for path in place.iterdir()), [sound(path) for path in place.iterdir()])
    for path in place.iterdir():
        path.unlink()

    again = folder / "again.py"
    again.write_text(USER + "print(os.getpid(), flush=True)\nif len(sys.argv) > 1: os.execv(sys.executable, [sys.executable, sys.argv[0]])\n")
    for call, name in (("", "execv"), ("C", "execl")):
        if call:
            again.write_text(USER + "print(os.getpid(), flush=True)\nif len(sys.argv) > 1:\n  import ctypes\n  ctypes.CDLL(None).execl(sys.executable.encode(), sys.executable.encode(), sys.argv[0].encode(), None)\n")
        done = run([PYTHON, again, "1"], options={**options, "record_keep": 1})
        pid = done.stdout.split()[0]
        check_equal("%s: the new program has a record beside the old one" % name, [pid, pid + ".2"], names(place))
        check("... which was replaced", "was replaced by another program" in notices(holdfast("report", "--format", "json", place / pid))[0])
        for path in place.iterdir():
            path.unlink()
    done = run_python(USER + """
try: os.execv("/no/such/program", ["x"])
except OSError: pass
if os.fork() == 0: os.execv("/bin/true", ["true"])
os.wait()
import subprocess
subprocess.run(["/bin/true"], close_fds=False)
""" + END["kill"], options=options)
    check("an exec that fails, or in a child, leaves the record as it was", len([path for path in place.iterdir() if "was killed" in notices(holdfast("report", "--format", "json", path))[0]]) == 1, names(place))
    for path in place.iterdir():
        path.unlink()


def test_bounds(folder):
    place = folder / "bounds"
    options = {"record": place / "app.%p", "record_size": "256k", "record_files": 3}
    foreign = {"app.1": b"not a record", "app.x": b"", "other.77": b"HOLDFAST"}
    for name, content in foreign.items():
        (place / name).write_bytes(content)
    process = subprocess.Popen([PYTHON, "-c", USER + "print('up', flush=True)\nsys.stdin.read()"], env=environment(options), stdout=subprocess.PIPE, stdin=subprocess.PIPE)
    process.stdout.readline()
    killed = []
    for number in range(6):
        one = subprocess.Popen([PYTHON, "-c", USER + END["kill"]], env=environment(options))
        one.wait()
        killed.append("app.%d" % one.pid)
    check_equal("of six that were killed the youngest three stay, with that of a living process, and what is no record",
                sorted(killed[3:] + ["app.%d" % process.pid] + list(foreign)), names(place))
    process.communicate(b"")
    check_equal("the living one ends and takes its own", sorted(killed[3:] + list(foreign)), names(place))
    check_equal("a record is as large as was said", [262144], sorted({(place / name).stat().st_size for name in killed[3:]}))
    space = subprocess.run([COMMAND, "report", "--check", *[place / name for name in killed[3:]]], capture_output=True, text=True)
    check("the smallest ones are sound too", space.returncode == 0, space)
    for path in place.iterdir():
        path.unlink()


# ---- where it cannot be ---------------------------------------------------------------------------------------------------------

def test_refused(folder):
    (folder / "file").write_text("")
    plain = run_python(USER + "print(len(kept))", preload=False)
    cases = {"a folder that is missing": folder / "missing" / "r", "a file where a folder should be": folder / "file" / "r", "a name that is too long": folder / ("x" * 300), "/proc": "/proc/r"}
    for what, path in cases.items():
        result = run_python(USER + "print(len(kept))", options={"record": path})
        check("%s: one line, and the program as ever" % what, result.stdout == plain.stdout and result.status == 0 and result.stderr.count("\n") == 1 and "not recorded" in result.stderr and "cannot create" in result.stderr, result)

    def small_files():
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
    result = subprocess.run([PYTHON, "-c", USER + "print(len(kept))"], env=environment({"record": folder / "limited"}), capture_output=True, text=True, preexec_fn=small_files)
    check("a limit on the size of files: one line, no signal", result.returncode == 0 and result.stdout == plain.stdout and result.stderr.count("\n") == 1 and "cannot reserve" in result.stderr, result)
    for kind, mount in {"a disk that is too small": "size=1m", "a disk that cannot be written": "ro"}.items():
        place = folder / "disk"
        place.mkdir(exist_ok=True)
        if subprocess.run(["mount", "-t", "tmpfs", "-o", mount, "none", place], capture_output=True).returncode != 0:
            skip(kind, "nothing may be mounted here")
            continue
        try:
            result = run_python(USER + "print(len(kept))", options={"record": place / "r"})
            check("%s: one line, and the program as ever" % kind, result.stdout == plain.stdout and result.status == 0 and result.stderr.count("\n") == 1 and "not recorded" in result.stderr, result)
            check_equal("... and nothing is left there", [], names(place))
        finally:
            subprocess.run(["umount", place], check=True)


def test_check_command(folder):
    run_python(USER + END["kill"], options={"record": folder / "one"})
    record = next(folder.glob("one.*"))
    (folder / "foreign").write_text("text")
    cut = folder / "cut"
    cut.write_bytes(record.read_bytes()[:100000])
    for what, arguments, status, words in (("a sound one", [record], 0, "sound"), ("several, one foreign", [record, folder / "foreign"], 1, "no arena"), ("one that was cut", [cut], 1, "truncated"),
                                           ("one that is not there", [folder / "nothing"], 1, "cannot open"), ("none", [], 2, "")):
        result = holdfast("report", "--check", *arguments)
        check("--check of %s: status %d, and a sentence" % (what, status), result.status == status and words in result.stdout, result)


with workshop() as folder:
    for name in ("kills", "young", "names", "stay", "bounds"):
        (folder / name).mkdir()
    busy = compile_c(FOLDER / "record_busy.c", folder / "busy", *gdal_flags(), "-lgeos_c", "-lpthread")
    run_python("from osgeo import gdal\ngdal.GetDriverByName('GTiff').Create('small.tif', 4, 4, 2)", cwd=folder, preload=False)
    test_names(folder)
    test_staying(folder)
    test_bounds(folder)
    test_refused(folder)
    test_check_command(folder)
    test_youngest(folder)
    test_live(folder, busy)
    test_kills(folder, busy)
sys.exit(finish())
