"""Every call of Holdfast's own that may fail is made to fail, one after the other (faults_preload.c): the first, the second, and so on until a run has no more. Each time
the program does what it does without Holdfast: standard output, exit status, files, and what it wrote to stderr itself.

usage: faults_test.py BUILD_DIRECTORY [EVERY]     EVERY: of the calls of the Python program take each EVERYth only
"""
import concurrent.futures
import shutil
import struct
import subprocess
import sys

from support import FOLDER, LIBRARY, PYTHON, check, compile_c, contents, environment, finish, gdal_flags, no_core_dump, workshop

EVERY = int(sys.argv[2]) if len(sys.argv) > 2 else 1
PROGRAM = """
import os, sys
from osgeo import gdal, ogr
dataset = gdal.GetDriverByName("GTiff").Create("out.tif", 4, 4, 1)
dataset.GetRasterBand(1).Fill(3)
dataset = None
dataset = gdal.Open("out.tif")
print(dataset.GetRasterBand(1).Checksum())
dataset = None
definition = ogr.FeatureDefn("made")
features = [ogr.Feature(definition) for i in range(10)]
geometry = ogr.CreateGeometryFromWkt("POLYGON ((0 0,1 0,1 1,0 0))")
print(geometry.GetGeometryRef(0).GetPointCount(), len(features))
sys.stdout.flush()
if os.fork() == 0:
    print(len([ogr.Feature(definition) for i in range(10)]), flush=True)
    os._exit(0)
os.wait()
features[0].this.disown() # a leak
print("host: done", file=sys.stderr)
sys.exit(5)
"""


class Host:
    """A program and what it does by itself."""

    def __init__(self, argv, root, preload):
        self.argv, self.root, self.preload = argv, root, preload
        self.suppressions = root / "suppressions"
        self.suppressions.write_text("{\n  nothing\n  HF101\n  fun:never\n}\n")
        self.bare = self.go("bare", None)[0]

    def go(self, name, at, behind=False):
        """What it did, number of calls, where the failing one came from."""
        place = self.root / name
        work, own = place / "work", place / "own"
        work.mkdir(parents=True)
        own.mkdir()
        counter = place / "count"
        counter.write_bytes(bytes(4096))
        variables = {}
        if at is not None:
            variables = {"LD_PRELOAD": "%s %s" % (LIBRARY, self.preload), "FAULT_AT": str(at), "FAULT_COUNT": str(counter), **({"FAULT_FROM": "1"} if behind else {}),
                         "HOLDFAST_OPTIONS": "record=%s/%%e.%%p:record_size=8m:record_files=1:log_path=%s/log:leaks=all:suppressions=%s:verdict_path=%s/verdict:gen_suppressions_path=%s/made:stats=1" % (
                             own, own, self.suppressions, own, own)}
        try:
            done = subprocess.run([str(word) for word in self.argv], env=environment(preload=False, env=variables), cwd=work, capture_output=True, timeout=60, preexec_fn=no_core_dump)
            said = (done.returncode, done.stdout.decode(), [line for line in done.stderr.decode(errors="replace").splitlines() if line.startswith("host:")], contents(work))
        except subprocess.TimeoutExpired:
            said = "it hung"
        calls, where = struct.unpack("2q", counter.read_bytes()[:16])
        logged = any(own.glob("log.*"))
        shutil.rmtree(place)
        return said, calls, where, logged

    def check_all(self, what, step):
        said, calls, _, logged = self.go("counted", 0)
        check("%s: nothing fails, all is as without Holdfast, and it tells of the leak" % what, said == self.bare and logged and calls > 50, "%s\n%s\n%s calls" % (self.bare, said, calls))
        wrong, last, tried = [], 0, 0
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            # A failing call may lead to more calls than there were: go on until one run has not even as many as the number asked for.
            number, done = 1, False
            while not done:
                numbers = list(range(number, number + 20 * step, step))
                for one, (said, calls, where, _) in zip(numbers, pool.map(lambda one: self.go("at%d" % one, one), numbers)):
                    if where == 0 and calls < one:
                        done = True
                        continue
                    tried, last = tried + 1, one
                    if said != self.bare:
                        wrong.append("call %d, from %#x in the text of libholdfast.so:\n  %s\nwithout Holdfast\n  %s" % (one, where, said, self.bare))
                number = numbers[-1] + step
        check("%s: %d of its %d calls made to fail, one a run: the program did as ever" % (what, tried, last), not wrong, "%d are wrong\n%s" % (len(wrong), "\n".join(wrong[:10])), limit=6000)
        wrong = []
        for number in range(1, last + 1, max(1, last // 12)):
            said, _, where, _ = self.go("from%d" % number, number, behind=True)
            if said != self.bare:
                wrong.append("from call %d on, at %#x: %s" % (number, where, said))
        check("%s: all calls from one on made to fail: the program did as ever" % what, not wrong, "\n".join(wrong[:5]))


with workshop() as folder:
    (folder / "python").mkdir()
    (folder / "c").mkdir()
    preload = compile_c(FOLDER / "faults_preload.c", folder / "faults.so", "-shared", "-fPIC", "-fvisibility=hidden")
    program = compile_c(FOLDER / "faults_host.c", folder / "host", *gdal_flags(), "-lgeos_c", "-lpthread")
    script = folder / "host.py"
    script.write_text(PROGRAM)
    Host([program], folder / "c", preload).check_all("a C program", 1)
    Host([PYTHON, script], folder / "python", preload).check_all("a Python program", EVERY)
sys.exit(finish())
