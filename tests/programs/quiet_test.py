"""A process that uses none of the libraries has no trace of Holdfast: no output, no file, no thread, no descriptor, no arena.

usage: quiet_test.py BUILD_DIRECTORY

log_path and record point into an empty folder that must stay empty. The ratio of start-up times is printed, never a failure: what is noise
depends on the machine (tests/bench measures).
"""
import re
import subprocess
import sys
import time

from support import LIBRARY, PYTHON, check, check_equal, environment, finish, make_inputs, run, workshop

# What a program can see of itself: threads, descriptors (that of the listing itself aside), mappings that belong to no file.
LOOK = """
import os
print("threads", len(os.listdir("/proc/self/task")))
listing = os.listdir("/proc/self/fd")
print("descriptors", len(listing))
print("total", sum(int(line.split("-")[1].split()[0], 16) - int(line.split("-")[0], 16) for line in open("/proc/self/maps") if not line.rstrip().endswith("]") and len(line.split()) < 6))
print("named", *sorted({line.split(None, 5)[5].strip() for line in open("/proc/self/maps") if len(line.split()) >= 6 and "oldfast" in line}))
"""
SHELL = r"""
set -- /proc/$$/task/*; echo threads $#; set -- /proc/$$/fd/*; echo descriptors $#; grep -c arena /proc/$$/maps; x=$(echo sub); echo $x | cat; (exit 3); echo $?
"""

PROGRAMS = {
    "/bin/true": ["/bin/true"],
    "/bin/false": ["/bin/false"],
    "bash": ["bash", "-c", SHELL],
    "bash, missing command": ["bash", "-c", "no_such_command_here; echo $?"],
    "git --version": ["git", "--version"],
    "git outside a repository": ["git", "status"],
    "ls": ["ls", "-la", "/usr/share/proj"],
    "env": ["sh", "-c", "env | grep -c LD_ || true"],
    "Python without GDAL": [PYTHON, "-c", "import json, ctypes, threading, subprocess; print(json.dumps({'a': 1}), ctypes.CDLL(None).getpid() > 0); print(subprocess.check_output(['/bin/echo', 'x']))"],
    "Python with numpy": [PYTHON, "-c", "import numpy; print(numpy.arange(10).sum())"],
}


def test_silence(folder):
    traces = folder / "traces"
    traces.mkdir()
    options = {"log_path": traces / "log", "record": traces / "arena", "record_keep": "1", "help": "1", "exitcode": "23", "mode": "reject"}
    for name, argv in PROGRAMS.items():
        plain = run(argv, preload=False, cwd=folder)
        watched = run(argv, options=options, cwd=folder)
        if name == "env":
            plain.stdout = watched.stdout  # LD_PRELOAD itself
        check_equal("%s: same exit status" % name, plain.ending, watched.ending)
        check_equal("%s: same output" % name, plain.stdout, watched.stdout)
        check_equal("%s: same messages" % name, plain.stderr, watched.stderr)
        left = [path.name for path in traces.iterdir()]
        check("%s: no file" % name, not left, "expected an empty folder, came %s" % left)


def look(folder, program, **more):
    result = run([PYTHON, "-c", program], cwd=folder, **more)
    return dict(line.split(" ", 1) if " " in line else (line, "") for line in result.stdout.splitlines() if line), result


def test_inside(folder):
    plain, result = look(folder, LOOK, preload=False)
    watched, seen = look(folder, LOOK, options={"record": folder / "arena", "record_keep": "1"})
    check_equal("no thread more", plain.get("threads"), watched.get("threads"))
    check_equal("no descriptor more", plain.get("descriptors"), watched.get("descriptors"))
    check_equal("no mapping with Holdfast's name but the library", str(LIBRARY), watched.get("named"))
    more = int(watched.get("total", 0)) - int(plain.get("total", 0))
    check("no arena: far less anonymous memory mapped than an arena has (%d KiB, the tables of the library)" % (more // 1024), more < 32 << 20, str(seen))
    # The same look after the first use of a library: the arena is there, else the check above would see nothing.
    used = LOOK.replace("import os", "import os\nfrom osgeo import gdal\nds = gdal.Open('rgb.tif')\ndel ds", 1)
    bare, result = look(folder, used, preload=False)
    watched, seen = look(folder, used)
    more = int(watched.get("total", 0)) - int(bare.get("total", 0))
    names = [name for name in re.split(r"\s+(?=[/\[])", watched.get("named", "")) if name and not name.endswith("libholdfast.so")]
    check("with GDAL in use there is an arena (%d KiB, %s)" % (more // 1024, names), more > 64 << 20 or names, str(seen))
    check_equal("with GDAL in use: no thread more", bare.get("threads"), watched.get("threads"))
    check_equal("with GDAL in use: no descriptor more", bare.get("descriptors"), watched.get("descriptors"))


def start_up(argv, count, preload):
    variables = environment(preload=preload)
    begin = time.perf_counter()
    for number in range(count):
        subprocess.run(argv, env=variables, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - begin


def measure():
    for name, argv, count in (("/bin/true", ["/bin/true"], 60), ("bash -c true", ["bash", "-c", "true"], 40), ("python -c pass", [PYTHON, "-c", "pass"], 15)):
        plain = watched = 0.0
        for number in range(5):
            plain += start_up(argv, count, False)
            watched += start_up(argv, count, True)
        print("note  start-up of %s: %.2f ms, with Holdfast %.2f ms, ratio %.2f" % (name, plain / count / 5 * 1000, watched / count / 5 * 1000, watched / plain))


with workshop() as folder:
    make_inputs(folder)
    test_silence(folder)
    test_inside(folder)
    measure()
sys.exit(finish())
