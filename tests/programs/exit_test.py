"""The end of processes, their children and everything asynchronous: interpreter shutdown, os._exit, threads, exceptions, fork,
multiprocessing, exec, subprocess, signals, recursion, atexit; exit statuses, the closing line, and files replaced while Holdfast holds them.

usage: exit_test.py BUILD_DIRECTORY

Right programs must end as without Holdfast and without a report; wrong ones must give the reports listed and keep their output.
"""
import json
import re
import signal
import sys

from support import (COMMAND, LIBRARY, PYTHON, check, check_equal, check_run, compile_c, finish, gdal_flags, make_inputs, run,
                     run_python, workshop)

MODES = ("defer", "report", "reject")

# ---- right programs: as without Holdfast ------------------------------------------------------------------------------

RIGHT = {
    "live dataset, bands and layers at the end": """
from osgeo import gdal, ogr, osr
ds = gdal.Open("rgb.tif")
a_band = ds.GetRasterBand(1)
z_band = ds.GetRasterBand(2)
_mask = a_band.GetMaskBand()
source = ogr.Open("areas.shp")
layer = source.GetLayer(0)
feature = layer.GetNextFeature()
a_geometry = feature.GetGeometryRef()
srs = layer.GetSpatialRef()
transformation = osr.CoordinateTransformation(srs, srs)
print(a_band.Checksum(), a_geometry.GetGeometryCount())
""",
    "reference cycles at the end": """
import gc
from osgeo import gdal
gc.disable()
class Node: pass
for name in ("rgb.tif", "dem.tif"):
    node = Node()
    node.band = None
    node.ds = gdal.Open(name)
    node.band = node.ds.GetRasterBand(1)
    node.me = node
    node.hook = lambda node=node: node.band
print("end")
""",
    "__del__ that uses a handle at the end": """
from osgeo import gdal
class Reader:
    def __init__(self):
        self.ds = gdal.Open("rgb.tif")
        self.band = self.ds.GetRasterBand(1)
    def __del__(self):
        print("del", self.band.Checksum())
reader = Reader()
""",
    "os._exit with everything open": """
import os, sys
from osgeo import gdal
ds = gdal.Open("rgb.tif")
band = ds.GetRasterBand(1)
print(band.Checksum())
sys.stdout.flush()
os._exit(5)
""",
    "sys.exit in a thread": """
import sys, threading
from osgeo import gdal
def work():
    ds = gdal.Open("rgb.tif")
    band = ds.GetRasterBand(1)
    sys.stdout.write("%d\\n" % band.Checksum())
    sys.exit(9)
threads = [threading.Thread(target=work) for number in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
sys.exit(4)
""",
    "daemon threads that hold handles at the end": """
import sys, threading, time
from osgeo import gdal
def work():
    ds = gdal.Open("rgb.tif")
    band = ds.GetRasterBand(1)
    band.Checksum()
    while True:
        time.sleep(0.001)
for number in range(3):
    threading.Thread(target=work, daemon=True).start()
time.sleep(0.3)
print("end")
sys.exit(6)
""",
    "an exception that nobody catches": """
from osgeo import gdal
gdal.UseExceptions()
def read(name):
    ds = gdal.Open(name)
    band = ds.GetRasterBand(1)
    return band.ReadRaster(1000, 1000, 5, 5)
read("rgb.tif")
""",
    "SystemExit with text, handles in the frames": """
from osgeo import gdal
def read():
    ds = gdal.Open("rgb.tif")
    band = ds.GetRasterBand(1)
    raise SystemExit("stopped at %d" % band.XSize)
read()
""",
    "atexit handlers that use GDAL": """
import atexit
from osgeo import gdal
ds = gdal.Open("rgb.tif")
band = ds.GetRasterBand(3)
@atexit.register
def last():
    print("atexit", band.Checksum(), gdal.Open("dem.tif").RasterXSize)
@atexit.register
def first():
    made = gdal.GetDriverByName("GTiff").Create("made.tif", 3, 3)
    made.GetRasterBand(1).Fill(3)
""",
    "GDALDestroyDriverManager by the program at the end": """
import ctypes
from osgeo import gdal
ds = gdal.Open("rgb.tif")
print(ds.RasterXSize)
del ds
ctypes.CDLL("libgdal.so.32").GDALDestroyDriverManager()
""",
    "fork: the child has datasets of its own": """
import os, sys
from osgeo import gdal
ds = gdal.Open("dem.tif")
band = ds.GetRasterBand(1)
print(band.Checksum())
sys.stdout.flush()
child = os.fork()
if child == 0:
    own = gdal.Open("rgb.tif")
    mine = own.GetRasterBand(1)
    print("child", mine.Checksum())
    del mine, own
    sys.stdout.flush()
    os._exit(3)
print(os.WEXITSTATUS(os.waitpid(child, 0)[1]), band.Checksum())
""",
    "fork: the child ends by sys.exit with the parent's handles in its hands": """
import os, sys
from osgeo import gdal
ds = gdal.Open("dem.tif")
band = ds.GetRasterBand(1)
band.Checksum()
for number in range(5):
    child = os.fork()
    if child == 0:
        sys.exit(number)
    print(os.WEXITSTATUS(os.waitpid(child, 0)[1]))
print(band.Checksum())
""",
    "fork in the fork of a fork": """
import os, sys
from osgeo import gdal
def generation(number):
    ds = gdal.Open("rgb.tif")
    total = ds.GetRasterBand(1 + number % 3)
    print(number, total.Checksum())
    sys.stdout.flush()
    del total, ds
    if number < 4:
        child = os.fork()
        if child == 0:
            generation(number + 1)
            os._exit(0)
        os.waitpid(child, 0)
generation(0)
""",
    "fork while other threads use GDAL": """
import os, sys, threading
from osgeo import gdal
stop = False
def work():
    while not stop:
        ds = gdal.Open("rgb.tif")
        band = ds.GetRasterBand(1)
        band.ReadRaster(0, 0, 10, 10)
threads = [threading.Thread(target=work) for number in range(3)]
for thread in threads: thread.start()
codes = []
for number in range(20):
    child = os.fork()
    if child == 0:
        os._exit(number)
    codes.append(os.WEXITSTATUS(os.waitpid(child, 0)[1]))
stop = True
for thread in threads: thread.join()
print(codes)
""",
    "subprocess: a shell, another GDAL": """
import subprocess
from osgeo import gdal
ds = gdal.Open("rgb.tif")
band = ds.GetRasterBand(1)
print(subprocess.run("echo shell; gdalinfo dem.tif | head -3", shell=True, capture_output=True, text=True).stdout)
print(subprocess.run(["gdalinfo", "missing.tif"], capture_output=True, text=True))
print(band.Checksum())
""",
    "posix_spawn and vfork": """
import os, sys
from osgeo import gdal
ds = gdal.Open("rgb.tif")
band = ds.GetRasterBand(1)
sys.stdout.flush()
for number in range(10):
    os.waitpid(os.posix_spawn("/bin/true", ["true"], os.environ), 0)
print(os.waitstatus_to_exitcode(os.waitpid(os.posix_spawn("/bin/sh", ["sh", "-c", "exit 12"], os.environ), 0)[1]), band.Checksum())
""",
    "exec while a dataset is open and one was closed": """
import os, sys
from osgeo import gdal
ds = gdal.Open("rgb.tif")
band = ds.GetRasterBand(1)
closed = gdal.Open("dem.tif")
old = closed.GetRasterBand(1)
print(band.Checksum(), old.Checksum())
del closed
sys.stdout.flush()
program = '''
import os
names = [os.readlink("/proc/self/fd/" + number) for number in os.listdir("/proc/self/fd") if os.path.exists("/proc/self/fd/" + number)]
print("inherited", sorted(os.path.basename(name) for name in names if name.endswith(".tif")))
from osgeo import gdal
ds = gdal.Open("dem.tif")
print(ds.GetRasterBand(1).Checksum())
raise SystemExit(11)
'''
os.execv(sys.executable, [sys.executable, "-c", program])
""",
    "exec of a program that does not exist, then on": """
import os
from osgeo import gdal
ds = gdal.Open("rgb.tif")
band = ds.GetRasterBand(1)
try:
    os.execv("/no/such/program", ["x"])
except OSError as error:
    print(error.strerror, band.Checksum())
""",
    "signal handlers that call GDAL": """
import os, signal
from osgeo import gdal
seen = []
def handler(number, frame):
    ds = gdal.Open("dem.tif")
    band = ds.GetRasterBand(1)
    seen.append(band.XSize)
signal.signal(signal.SIGUSR1, handler)
signal.signal(signal.SIGALRM, handler)
signal.setitimer(signal.ITIMER_REAL, 0.002, 0.002)
for number in range(300):
    ds = gdal.Open("rgb.tif")
    band = ds.GetRasterBand(1)
    band.Checksum()
    if number % 50 == 0:
        os.kill(os.getpid(), signal.SIGUSR1)
signal.setitimer(signal.ITIMER_REAL, 0)
print(set(seen), len(seen) > 5)
""",
    "death by SIGTERM": """
import os, signal, sys
from osgeo import gdal
ds = gdal.Open("rgb.tif")
band = ds.GetRasterBand(1)
print(band.Checksum())
sys.stdout.flush()
os.kill(os.getpid(), signal.SIGTERM)
""",
    "death by SIGKILL": "import os\nfrom osgeo import gdal\nds = gdal.Open('rgb.tif')\nos.kill(os.getpid(), 9)\n",
    "death by SIGINT as KeyboardInterrupt": """
import os, signal, time
from osgeo import gdal
ds = gdal.Open("rgb.tif")
band = ds.GetRasterBand(1)
os.kill(os.getpid(), signal.SIGINT)
time.sleep(5)
""",
    "death by SIGSEGV of its own making": "import os\nfrom osgeo import gdal\nds = gdal.Open('rgb.tif')\nband = ds.GetRasterBand(1)\nos.kill(os.getpid(), 11)\n",
    "abort": "import os\nfrom osgeo import gdal\nds = gdal.Open('rgb.tif')\nband = ds.GetRasterBand(1)\nos.abort()\n",
    "faulthandler": """
import faulthandler, os, signal
faulthandler.enable()
from osgeo import gdal
ds = gdal.Open("rgb.tif")
band = ds.GetRasterBand(1)
print(band.Checksum(), faulthandler.is_enabled())
""",
    "deep recursion with a dataset at each level": """
import sys
from osgeo import gdal
sys.setrecursionlimit(5000)
def down(number):
    ds = gdal.Open("rgb.tif") if number % 10 == 0 else None
    band = ds.GetRasterBand(1) if ds else None
    below = down(number - 1) if number else 0
    return below + (band.XSize if band else 1)
print(down(900))
def forever():
    ds = gdal.Open("rgb.tif")
    return forever()
sys.setrecursionlimit(300)
try:
    forever()
except RecursionError:
    print("RecursionError")
""",
    "recursion through error handlers and progress callbacks": """
from osgeo import gdal
depth = 0
def handler(kind, number, message):
    global depth
    depth += 1
    if depth < 30:
        gdal.PushErrorHandler(handler)
        gdal.Open("missing %d.tif" % depth)
        gdal.PopErrorHandler()
gdal.PushErrorHandler(handler)
gdal.Open("missing.tif")
gdal.PopErrorHandler()
def progress(fraction, message, data):
    if data < 2:
        gdal.Translate("", "rgb.tif", format="MEM", callback=progress, callback_data=data + 1)
    return 1
print(depth, gdal.Translate("", "rgb.tif", format="MEM", callback=progress, callback_data=0).RasterCount)
""",
    "small stacks of threads": """
import threading
from osgeo import gdal
threading.stack_size(256 * 1024)
def work():
    for number in range(20):
        ds = gdal.Open("rgb.tif")
        band = ds.GetRasterBand(1)
        seen.append(band.XSize)
seen = []
threads = [threading.Thread(target=work) for number in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(len(seen))
""",
    "few descriptors": """
import resource
from osgeo import gdal
resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))
opened = []
gdal.PushErrorHandler("CPLQuietErrorHandler")
while True:
    ds = gdal.Open("rgb.tif")
    if ds is None:
        break
    opened.append((ds, ds.GetRasterBand(1)))
print(len(opened))
opened.clear()
print(gdal.Open("rgb.tif") is not None)
""",
    "little memory": """
import resource
from osgeo import gdal
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
ds = gdal.Open("rgb.tif")
print(ds.GetRasterBand(1).Checksum())
""",
    "PYTHONMALLOC=malloc": "from osgeo import gdal\nds = gdal.Open('rgb.tif')\nprint([ds.GetRasterBand(n).Checksum() for n in (1, 2, 3)])\n",
    "subinterpreter": """
import _xxsubinterpreters as interpreters
code = "from osgeo import gdal\\nds = gdal.Open('rgb.tif')\\nband = ds.GetRasterBand(1)\\nprint(band.Checksum(), flush=True)"
exec(code)
print("main ends")
""",
    "a module unloaded and loaded again": """
import importlib, sys
from osgeo import gdal
ds = gdal.Open("rgb.tif")
band = ds.GetRasterBand(1)
importlib.reload(gdal)
again = gdal.Open("rgb.tif")
print(band.Checksum(), again.GetRasterBand(2).XSize)
""",
}
SETTINGS = {"PYTHONMALLOC=malloc": {"PYTHONMALLOC": "malloc"}}

POOLS = """
import multiprocessing, sys
from osgeo import gdal

def read(number):
    ds = gdal.Open("rgb.tif")
    band = ds.GetRasterBand(number % 3 + 1)
    return band.Checksum()

def main():
    ds = gdal.Open("dem.tif")
    band = ds.GetRasterBand(1)
    context = multiprocessing.get_context(sys.argv[1])
    with context.Pool(3) as pool:
        print(sorted(pool.map(read, range(30))))
    process = context.Process(target=read, args=(1,))
    process.start()
    process.join()
    print(process.exitcode, band.Checksum())

if __name__ == "__main__":
    main()
"""


def masked(text):
    """Without what differs from run to run, process ids and addresses, and without the report of a crash and the summary that counts it (death_test.py)."""
    text = re.sub(r"^==(\d+)== Holdfast crash .*\n(==\1==   .*\n)*==\1== \n", "", text, flags=re.MULTILINE)
    text = re.sub(r"^==\d+== Holdfast summary: 0 violations, .*, 1 crash\n", "", text, flags=re.MULTILINE)
    return re.sub(r"0x[0-9a-f]+", "0x?", re.sub(r"program_\w+\.py", "program.py", text))


def test_right(folder):
    for name, source in RIGHT.items():
        env = SETTINGS.get(name)
        plain = run_python(source, preload=False, cwd=folder, env=env)
        for mode in MODES:
            result = run_python(source, options={"mode": mode}, cwd=folder, env=env)
            check("%s: as without Holdfast (%s), no report, mode %s" % (name, plain.ending, mode),
                  (result.ending, result.stdout, masked(result.stderr)) == (plain.ending, plain.stdout, masked(plain.stderr)),
                  "expected %s\ncame %s" % (plain, result))
    for method in ("fork", "spawn", "forkserver"):
        plain = run_python(POOLS, method, preload=False, cwd=folder)
        for mode in MODES[:2]:
            check_run("multiprocessing by %s: as without Holdfast, no report, mode %s" % (method, mode),
                      run_python(POOLS, method, options={"mode": mode}, cwd=folder, timeout=90), plain.status, plain.stdout, (), plain.stderr)


# ---- wrong programs ------------------------------------------------------------------------------------------------------

STALE = """
from osgeo import gdal
def stale(name="rgb.tif", number=1):
    ds = gdal.Open(name)
    band = ds.GetRasterBand(number)
    del ds
    return band
"""

# name: program, status, stdout, reports
WRONG = {
    "a stale band used at the end by atexit": (STALE + """
import atexit
band = stale()
atexit.register(lambda: print(band.Checksum()))
""", 0, "61012\n", ["HF101"]),
    "a stale band, then os._exit": (STALE + """
import os, sys
print(stale().Checksum())
sys.stdout.flush()
os._exit(5)
""", 5, "61012\n", ["HF101"]),
    "a stale band in a thread": (STALE + """
import threading
thread = threading.Thread(target=lambda: print(stale().Checksum()))
thread.start()
thread.join()
""", 0, "61012\n", ["HF101"]),
    "a stale band in a signal handler": (STALE + """
import os, signal
band = stale()
signal.signal(signal.SIGUSR1, lambda number, frame: print(band.Checksum()))
os.kill(os.getpid(), signal.SIGUSR1)
""", 0, "61012\n", ["HF101"]),
    "a stale band deep in a recursion": (STALE + """
def down(number):
    return down(number - 1) if number else stale().Checksum()
print(down(800))
""", 0, "61012\n", ["HF101"]),
    "a stale band, then death by SIGTERM": (STALE + """
import os, signal, sys
print(stale().Checksum())
sys.stdout.flush()
os.kill(os.getpid(), signal.SIGTERM)
""", -signal.SIGTERM, "61012\n", ["HF101"]),
    "a stale band, then exec": (STALE + """
import os, sys
band = stale("dem.tif")
print(band.XSize)
sys.stdout.flush()
os.execv("/bin/sh", ["sh", "-c", "ls -l /proc/self/fd | grep -c '\\\\.tif'; exit 7"])
""", 7, "120\n0\n", ["HF101"]),
    "a stale band, then fork: the child does not have the file open": (STALE + """
import os
band = stale()
print(band.Checksum(), flush=True)
def files():
    return [os.path.basename(os.readlink("/proc/self/fd/" + n)) for n in os.listdir("/proc/self/fd") if os.path.exists("/proc/self/fd/" + n) and os.readlink("/proc/self/fd/" + n).endswith(".tif")]
child = os.fork()
if child == 0:
    print("child", files(), flush=True)
    os._exit(0)
os.waitpid(child, 0)
""", 0, "61012\nchild []\n", ["HF101"]),
    "a stale band whose file is deleted by GDAL": (STALE + """
import os
gdal.GetDriverByName("GTiff").CreateCopy("gone.tif", gdal.Open("rgb.tif"))
band = stale("gone.tif")
print(band.XSize)
print(gdal.GetDriverByName("GTiff").Delete("gone.tif"), os.path.exists("gone.tif"))
print([name for name in os.listdir("/proc/self/fd") if os.path.exists("/proc/self/fd/" + name) and "gone" in os.readlink("/proc/self/fd/" + name)])
""", 0, "120\n0 False\n[]\n", ["HF101"]),
    "a stale band whose file is renamed by GDAL": (STALE + """
import os
gdal.GetDriverByName("GTiff").CreateCopy("old.tif", gdal.Open("rgb.tif"))
band = stale("old.tif")
print(band.XSize)
print(gdal.GetDriverByName("GTiff").Rename("new.tif", "old.tif"), os.path.exists("old.tif"), gdal.Open("new.tif").RasterXSize)
""", 0, "120\n0 False 120\n", ["HF101"]),
    "a stale band whose file is written anew by GDAL": (STALE + """
gdal.GetDriverByName("GTiff").CreateCopy("anew.tif", gdal.Open("rgb.tif"))
band = stale("anew.tif")
print(band.XSize)
made = gdal.GetDriverByName("GTiff").Create("anew.tif", 7, 5)
made.GetRasterBand(1).Fill(4)
made = None
ds = gdal.Open("anew.tif")
print(ds.RasterXSize, ds.ReadAsArray().sum())
ds = None
ds = gdal.Open("anew.tif", gdal.GA_Update)
ds.GetRasterBand(1).Fill(5)
ds = None
print(gdal.Open("anew.tif").ReadAsArray().sum())
""", 0, "120\n7 140\n175\n", ["HF101"]),
}


def test_wrong(folder):
    for name, (source, status, out, reports) in WRONG.items():
        result = run_python(source, cwd=folder)
        check_run(name, result, status, out, reports)
        dies = status < 0 or "os._exit" in source or "execv" in source
        # The line stands at the end of what ran to its end; a process that leaves at once has no end.
        check("%s: %s closing line" % (name, "no" if dies and "fork" not in source else "one"), (result.summary is not None) == (not dies or "fork" in source), result.stderr)


def test_status(folder):
    stale, good = STALE + "print(stale().Checksum())\n", "from osgeo import gdal\nprint(gdal.Open('rgb.tif').RasterXSize)\n"
    check_run("exitcode=23 and an error: 23", run_python(stale, options={"exitcode": 23}, cwd=folder), 23, "61012\n", ["HF101"])
    check_run("exitcode=23 and no error: the program's own", run_python(good, options={"exitcode": 23}, cwd=folder), 0, "120\n")
    check_run("exitcode=23, no error, status 4: the program's own", run_python(good + "raise SystemExit(4)\n", options={"exitcode": 23}, cwd=folder), 4, "120\n")
    check_run("exitcode=23 and an error in a program with status 4: 23", run_python(stale + "raise SystemExit(4)\n", options={"exitcode": 23}, cwd=folder), 23, "61012\n", ["HF101"])
    check_run("exitcode=0 and an error: the program's own", run_python(stale + "raise SystemExit(4)\n", options={"exitcode": 0}, cwd=folder), 4, "61012\n", ["HF101"])
    check_run("exitcode=23 and death by SIGTERM: the signal", run_python(stale + "import os, sys\nsys.stdout.flush()\nos.kill(os.getpid(), 15)\n", options={"exitcode": 23}, cwd=folder), -15, "61012\n", ["HF101"])
    result = run_python(stale + "print('not reached')\n", options={"halt_on_error": 1}, cwd=folder)
    check_run("halt_on_error=1: ends at the error with 1", result, 1, None, ["HF101"])
    check("halt_on_error=1: nothing runs afterwards", "not reached" not in result.stdout, result)
    check_run("halt_on_error=1 with exitcode=23: ends with 23", run_python(stale, options={"halt_on_error": 1, "exitcode": 23}, cwd=folder), 23, None, ["HF101"])
    check_run("halt_on_error=1 and no error: runs through", run_python(good, options={"halt_on_error": 1}, cwd=folder), 0, "120\n", (), "")
    result = run_python(stale + "import sys\nsys.stdout.write('unflushed, no line end')\n", options={"exitcode": 23}, cwd=folder)
    check_run("exitcode=23: what the program wrote last is not lost", result, 23, "61012\nunflushed, no line end", ["HF101"])
    program = compile_c('#include <gdal.h>\n#include <stdio.h>\nint main(void)\n{\n    GDALAllRegister();\n    GDALDatasetH ds = GDALOpen("rgb.tif", GA_ReadOnly);\n'
                        '    GDALClose(ds);\n    printf("in the buffer %d", GDALGetRasterXSize(ds));\n    return 0;\n}\n', folder / "buffered", *gdal_flags())
    check_run("exitcode=23: buffered output of a C program is not lost", run([program], options={"exitcode": 23}, cwd=folder), 23, "in the buffer 0", ["HF102"])


def test_summary(folder):
    good = "from osgeo import gdal\nds = gdal.Open('rgb.tif')\nprint(ds.RasterXSize)\n"
    twice = STALE + "for number in range(5):\n    print(stale().XSize)\nds = gdal.Open('rgb.tif')\nother = ds.GetRasterBand(2)\ndel ds\nprint(other.YSize)\n"
    check_run("nothing to say: nothing said", run_python(good, cwd=folder), 0, "120\n", (), "")
    result = run_python(twice, cwd=folder)
    check_run("the same mistake five times and another: each told once", result, 0, "120\n" * 5 + "90\n", ["HF101", "HF101"])
    summary = result.summary or ""
    check("the closing line is the last, and counts: 2 violations, 4 repeats", result.stderr.rstrip().endswith(summary) and "2 violations" in summary and "HF101: 2" in summary and "4 repeats" in summary, result.stderr)
    check("summary=0: no closing line", run_python(twice, options={"summary": 0}, cwd=folder).summary is None)
    result = run_python(twice, options={"log_format": "json"}, cwd=folder)
    lines = [json.loads(line) for line in result.stderr.splitlines() if line.startswith("{")]
    check_equal("JSON: two violations and a summary", ["violation", "violation", "summary"], [line.get("type") for line in lines])
    check("JSON: every line is an object of schema 1 with process and program", len(lines) == len(result.stderr.splitlines()) and all(line["schema"] == 1 and line["pid"] > 0 and line["program"] for line in lines), result.stderr)


def test_verdict(folder):
    twice = STALE + "for number in range(3):\n    print(stale().XSize)\n"
    path = folder / "verdict"
    run_python("from osgeo import gdal\nprint(gdal.Open('rgb.tif').RasterXSize)\n", options={"verdict_path": path}, cwd=folder)
    check("verdict_path and no error: no file", not path.exists())
    result = run_python(twice, options={"verdict_path": path}, cwd=folder)
    lines = path.read_text().splitlines() if path.exists() else []
    check("verdict_path: a line for each error", len(lines) == 3 and all(re.fullmatch(r"HF101 \d+", line) for line in lines), (lines, result))
    path.unlink(missing_ok=True)
    run_python(STALE + "import os\nfor n in range(3):\n    if os.fork() == 0:\n        stale().XSize\n        os._exit(0)\nfor n in range(3):\n    os.wait()\n", options={"verdict_path": path}, cwd=folder)
    lines = path.read_text().splitlines() if path.exists() else []
    check("verdict_path: errors of three forked children by three processes", len(lines) == 3 and len(set(lines)) == 3, lines)
    forks = STALE + "import os\nfor n in range(2):\n    child = os.fork() if n == 1 else None\n    stale().XSize\n    if child == 0:\n        break\nelse:\n    os.wait()\n"
    result = run_python(forks, options={"log_path": folder / "forks"}, cwd=folder)
    told = [path.read_text().count("HF101 stale-use (error)") for path in folder.glob("forks.*")]
    check("what the parent told before the fork its child tells in its own log, and nobody twice", told == [1, 1], (told, result))
    result = run([COMMAND, "run", "--error-exitcode", "42", "--", PYTHON, "-c", twice], preload=False, env={"HOLDFAST_LIBRARY": LIBRARY}, cwd=folder)
    check("holdfast run --error-exitcode 42 with an error: 42", result.status == 42 and result.stdout == "120\n" * 3, result)


# ---- a log and an arena for each process ----------------------------------------------------------------------------------

FAMILY = STALE + """
import multiprocessing, os, sys
def child(number):
    print("child", stale(number=number).Checksum(), os.getpid(), flush=True)
if __name__ == "__main__":
    print("parent", stale(number=3).Checksum(), os.getpid(), flush=True)
    context = multiprocessing.get_context(sys.argv[1])
    for number in (1, 2):
        process = context.Process(target=child, args=(number,))
        process.start()
        process.join()
"""


def test_family(folder):
    for method in ("fork", "spawn", "forkserver"):
        place = folder / ("logs_" + method)
        place.mkdir()
        result = run_python(FAMILY, method, options={"log_path": place / "log", "record": place / "arena", "record_keep": 1}, cwd=folder, timeout=90)
        said = {words[2]: words[:2] for words in (line.split() for line in result.stdout.splitlines())}
        sums = sorted(words[1] for words in said.values())
        check("%s: all values right, nothing on stderr" % method, result.status == 0 and len(sums) == 3 and len(set(sums)) == 3 and result.stderr == "", result)
        logs = {path.name.split(".")[-1]: path.read_text() for path in place.glob("log.*")}
        check("%s: a log PREFIX.PID for each process that had something to say" % method, set(logs) == set(said), "expected %s, came %s" % (sorted(said), sorted(logs)))
        band = {said_pid: "band %s" % (3 if words[0] == "parent" else "") for said_pid, words in said.items()}
        for pid, text in logs.items():
            check("%s: the log of %s holds its one report and its own closing line" % (method, said.get(pid, ["?"])[0]),
                  text.count("Holdfast HF101") == 1 and all(line.startswith("==%s==" % pid) for line in text.splitlines()) and band.get(pid, "?") in text
                  and text.count("summary: 1 violation ") == (0 if said.get(pid, ["?"])[0] == "child" and method in ("fork", "forkserver") else 1), text)
        arenas = {path.name.split(".")[-1] for path in place.glob("arena.*")}
        check("%s: an arena PREFIX.PID for each process" % method, set(said) <= arenas, "expected at least %s, came %s" % (sorted(said), sorted(arenas)))
        for pid in said:
            shown = run([COMMAND, "report", place / ("arena." + pid)], preload=False)
            check("%s: holdfast report reads the arena of process %s" % (method, said[pid][0]), shown.status == 0 and shown.stdout.count("HF101") >= 1, shown)


with workshop() as folder:
    make_inputs(folder)
    test_right(folder)
    test_wrong(folder)
    test_status(folder)
    test_summary(folder)
    test_verdict(folder)
    test_family(folder)
sys.exit(finish())
