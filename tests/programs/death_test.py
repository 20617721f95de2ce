"""How processes die, and how they are kept from it: the crash handler and the dispositions of signals that it keeps for the program.

usage: death_test.py BUILD_DIRECTORY [NAME ...]      NAME: of a way of death_ways.c, or `cpp`, `python`, `java`, `R`, `arena`; all of them if none is given

Each program runs with and without Holdfast: the same wait status (signal, core, exit status) and the same output. With Holdfast the crash is
told, with the handle that was in use, where nobody handled the fault, and nothing is told where somebody did.
"""
import json
import os
import pathlib
import re
import resource
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time

from support import COMMAND, FOLDER, LIBRARY, PYTHON, check, compile_c, environment, finish, gdal_flags, skip, workshop

WANTED = sys.argv[2:]
STATUS_WORDS = {number.value: number.name for number in signal.Signals}


def may_dump():
    resource.setrlimit(resource.RLIMIT_CORE, (min(1 << 16, resource.getrlimit(resource.RLIMIT_CORE)[1] & (1 << 62) - 1), resource.getrlimit(resource.RLIMIT_CORE)[1]))


def core_of(folder):
    """What the kernel wrote into the core about the signal: number, errno, code, address or sender; and the place in its page of the instruction. None without a core."""
    cores = list(pathlib.Path(folder).glob("core*"))
    if len(cores) != 1:
        return None
    data = cores[0].read_bytes()
    cores[0].unlink()
    headers, size, count = struct.unpack_from("<Q", data, 32)[0], *struct.unpack_from("<HH", data, 54)
    kind, _, at, _, _, length = struct.unpack_from("<IIQQQQ", data, headers)  # the notes come first
    found, end = {}, min(at + length, len(data))
    while at + 12 <= end:
        name, bytes_, type_ = struct.unpack_from("<III", data, at)
        body = at + 12 + (name + 3) // 4 * 4
        found.setdefault(type_, data[body:body + bytes_])
        at = body + (bytes_ + 3) // 4 * 4
    number, error, code = struct.unpack_from("<iii", found[0x53494749])
    value = struct.unpack_from("<Q", found[0x53494749], 16)[0] if code > 0 and code != 0x80 else "sent" if code <= 0 else 0
    if value != "sent" and value >= 0x500000000000:  # where that lies differs from run to run, but for the lowest bits
        value = "at ...%x" % (value & 0xf)
    pid = struct.unpack_from("<i", found[1], 32)[0]
    if code <= 0:
        value = "itself" if struct.unpack_from("<i", found[0x53494749], 16)[0] == pid else "another"
    place = struct.unpack_from("<Q", found[1], 112 + 16 * 8)[0] & 0xfff  # rip
    return "signal %d, errno %d, code %d, %s, instruction at ...%03x" % (number, error, code, value, place)


class Death:
    """One run: the kernel's wait status, what was printed, and the records of Holdfast's log."""

    def __init__(self, argv, folder, preload=True, options=None, env=None, interrupt=None, timeout=60):
        settings = {"log_format": "json", "log_path": "%s/log" % folder, **(options or {})}
        for old in pathlib.Path(folder).glob("log.*"):
            old.unlink()
        self.stdout_path = pathlib.Path(folder) / "stdout"
        with open(self.stdout_path, "wb") as out, open(pathlib.Path(folder) / "stderr", "wb") as err:
            process = subprocess.Popen([str(word) for word in argv], stdin=subprocess.DEVNULL, stdout=out, stderr=err, cwd=folder, preexec_fn=may_dump, start_new_session=True,
                                       env=environment(settings if preload else None, preload, env))
            if interrupt is not None:
                while b"ready" not in self.stdout_path.read_bytes() and process.poll() is None:
                    time.sleep(0.01)
                os.kill(process.pid, interrupt)
            self.status = self.wait(process, timeout)
        self.pid = process.pid
        self.core = core_of(folder)
        self.stdout = self.stdout_path.read_text(errors="replace")
        self.stderr = (pathlib.Path(folder) / "stderr").read_text(errors="replace")
        self.records = []
        for log in sorted(pathlib.Path(folder).glob("log.*")):
            for line in log.read_text(errors="replace").splitlines():
                self.records.append(json.loads(line))
        self.crashes = [record for record in self.records if record["type"] == "crash"]
        self.reports = [record["rule"] for record in self.records if record["type"] == "violation"]

    @staticmethod
    def wait(process, timeout):
        """The status as the kernel has it, core flag included, which subprocess does not tell."""
        until = time.monotonic() + timeout
        while True:
            pid, status = os.waitpid(process.pid, os.WNOHANG)
            if pid != 0:
                process.returncode = 0
                return status
            if time.monotonic() > until:
                os.killpg(process.pid, signal.SIGKILL)
                os.waitpid(process.pid, 0)
                process.returncode = 0
                return None
            time.sleep(0.005)

    @property
    def ending(self):
        if self.status is None:
            return "no end in time"
        if os.WIFSIGNALED(self.status):
            return "death by %s%s" % (STATUS_WORDS[os.WTERMSIG(self.status)], ", core dumped" if os.WCOREDUMP(self.status) else "")
        return "exit status %d" % os.WEXITSTATUS(self.status)

    def __str__(self):
        return "%s\nstdout: %s\nstderr: %s\nlog: %s" % (self.ending, self.stdout, self.stderr[-2000:], json.dumps(self.records, indent=1)[:3000])


def compare(what, argv, folder, crashes=1, expected=None, reports=None, same_output=True, same_core=True, in_child=False, **more):
    """Dies as without Holdfast. `crashes`: reports of a crash; `expected` looks at the first one and returns what is wrong with it, or None."""
    bare, watched = Death(argv, folder, preload=False, **more), Death(argv, folder, **more)
    wrong = []
    if bare.ending != watched.ending:
        wrong.append("without Holdfast: %s, with it: %s" % (bare.ending, watched.ending))
    if not same_core:
        bare.core, watched.core = (core and re.sub(r"(, at \.\.\.\w)?, instruction.*", "", core) for core in (bare.core, watched.core))
    if bare.core != watched.core:
        wrong.append("the core differs: without Holdfast %s, with it %s" % (bare.core, watched.core))
    if same_output and bare.stdout != watched.stdout:
        wrong.append("stdout differs: without Holdfast\n%s\nwith it\n%s" % (bare.stdout, watched.stdout))
    if len(watched.crashes) != crashes:
        wrong.append("%d crashes are told, expected %d" % (len(watched.crashes), crashes))
    elif expected is not None and crashes:
        wrong += expected(watched.crashes[0])
    if reports is not None and watched.reports != reports:
        wrong.append("reports %s, expected %s" % (watched.reports, reports))
    if [crash for crash in watched.crashes if (crash["pid"] != watched.pid) != in_child]:
        wrong.append("the crash of another process is told")
    if watched.crashes and not [record for record in watched.records if record["type"] == "summary" and record.get("crash")]:
        wrong.append("the closing summary does not count the crash")
    check(what + ": " + bare.ending, not wrong, "\n".join(wrong) + "\n" + str(watched))
    return watched


def has(signal=None, code=None, function=None, inside=None, handle=None, state=None, address=None, first=None, message=None, frame=None, python=None, obtained=None, nearby=None, thread=None):
    """What the record of a crash must say."""
    def look(crash):
        wrong = []

        def want(name, expected, came):
            if expected is not None and expected != came:
                wrong.append("%s: expected %r, came %r" % (name, expected, came))
        want("signal", signal, crash["signal"])
        want("first signal", first, crash["first_signal"])
        want("code", code, crash["code"])
        want("address", address, crash["address"])
        want("function", function, (crash["call"] or {}).get("function"))
        want("inside the call", inside, crash["inside_call"])
        want("handle", handle, (crash["handle"] or {}).get("description"))
        want("state of the handle", state, (crash["handle"] or {}).get("state"))
        want("handle nearby", nearby, (crash["nearby"] or {}).get("description"))
        want("name of the thread", thread, crash["thread_name"])
        if message is not None and not re.search(message, crash["message"]):
            wrong.append("message: expected %r in %r" % (message, crash["message"]))
        symbols = [symbol["symbol"].split("+")[0] for symbol in crash["stacks"]["crashed"]["native"]]
        if frame is not None and frame not in symbols:
            wrong.append("the stack has no frame of %s: %s" % (frame, symbols))
        lines = ["%s:%s" % (place["function"], place["line"]) for place in crash["stacks"]["crashed"]["python"]]
        if python is not None and lines != python:
            wrong.append("Python frames: expected %s, came %s" % (python, lines))
        if obtained is not None and ((crash["handle"] or {}).get("stacks", {}).get("obtained") or {}).get("function") != obtained:
            wrong.append("the handle's birth is not told: %s" % crash["handle"])
        return wrong
    return look


LAST = {"function": "GDALGetRasterBandXSize", "inside": False, "handle": "band 2 of dataset 'grid'", "state": "live", "obtained": "GDALGetRasterBand"}
SEGV = {"signal": "SIGSEGV", "first": "SIGSEGV"}
FIELD = {"function": "OGR_F_GetFieldCount", "handle": "feature of feature definition 'roads'"}

# name: what the record says, or the number of crashes that are told (0: somebody handles the fault)
WAYS = {
    "null_outside": has(**SEGV, **LAST, code="SEGV_MAPERR", address="0x0", message="near null", frame="null_outside"),
    "wild_outside": has(**SEGV, **LAST, code="SEGV_MAPERR", address="0x123456789000", frame="wild_outside"),
    "noncanonical": has(**SEGV, **LAST, code="SI_KERNEL", message="no pointer can have"),
    "call_null": has(**SEGV, **LAST, address="0x0", frame="call_null"),
    "call_wild": has(**SEGV, **LAST, address="0x123456789000", frame="call_wild"),
    "divide": has(**LAST, signal="SIGFPE", code="FPE_INTDIV", frame="divide"),
    "illegal": has(**LAST, signal="SIGILL", code="ILL_ILLOPN", frame="illegal"),
    "write_constant": has(**SEGV, **LAST, code="SEGV_ACCERR", message="not allowed"),
    "truncated": has(**LAST, signal="SIGBUS", code="BUS_ADRERR", message="mapped file was cut"),
    "null_inside": has(**SEGV, function="GDALRasterIO", inside=True, handle="band 2 of dataset 'grid'", state="live", message="near null"),
    "wild_inside": has(**SEGV, function="OGR_F_SetFieldString", inside=True, handle="feature of feature definition 'roads'", state="live", obtained="OGR_F_Create"),
    "geos_inside": has(**SEGV, function="GEOSWKBReader_read_r", inside=True),
    "proj_inside": has(**SEGV, function="proj_trans_array", inside=True),
    "callback": has(**SEGV, function="GDALComputeRasterStatistics", inside=True, handle="band 2 of dataset 'grid'", frame="crash_in_progress"),
    "abort_inside": has(signal="SIGABRT", function="GDALOpen", inside=True, frame="error_handler_aborts", message="aborted"),
    "null_handle": has(**SEGV, message="raised it itself"),
    "corrupt_free": has(**SEGV, function="OGR_F_Destroy", inside=True, handle="feature of feature definition 'roads'"),
    "aborts": has(**LAST, signal="SIGABRT", code="SI_TKILL", message="aborted", frame="aborts"),
    "aborts_against_handler": has(**LAST, signal="SIGABRT", frame="aborts_against_handler", message="aborted"),
    "asserts": has(**LAST, signal="SIGABRT", frame="asserts"),
    "raises": has(**SEGV, **LAST, code="SI_TKILL", frame="raises"),
    "kills": has(**LAST, signal="SIGBUS", code="SI_USER"),
    "kills_hard": 0,
    "terminates": 0,
    "queues": has(**LAST, signal="SIGILL", code="SI_QUEUE"),
    "out_of_memory": has(signal="SIGABRT"),
    "overflow": has(**SEGV, **LAST, frame="deeper", message="overflowed"),
    "thread_overflow": has(**SEGV, **FIELD, frame="deeper", message="overflowed"),
    "thread_null": has(**SEGV, function="OGR_F_GetFieldCount", thread="crasher", frame="crash_in_thread"),
    "destroyed_stack": has(**SEGV, **LAST),
    "many_threads": has(**SEGV, **LAST, frame="many_threads"),
    "all_at_once": has(**SEGV, function="OGR_F_GetFieldCount", frame="crash_together"),
    "in_free": has(**SEGV), "in_hold": has(**SEGV), "in_stack": has(**SEGV), "in_fork": has(**SEGV),
    "fork_child": has(**SEGV, function="OGR_F_GetFieldCount", frame="fork_child"),
    "vfork_child": has(**SEGV, frame="vfork_child"),
    "vfork_sets_signals": has(**SEGV, frame="vfork_sets_signals"),
    "ignored_by_exec": 0,
    "atfork_child": None,
    "at_the_exit": has(**SEGV, **LAST, frame="crash_at_exit"),
    "in_destructor": has(**SEGV, frame="late"),
    "jumps": 0,
    "jumps_then_dies": has(**SEGV, function="OGR_G_DestroyGeometry", inside=False, frame="jumps_then_dies"),
    "repairs": 0,
    "repairs_once": has(**SEGV, **LAST, frame="repairs_once"),
    "flags": 0,
    "family": 0,
    "ignores": 0,
    "resets_and_returns": has(**SEGV, **LAST, code="SEGV_MAPERR", frame="resets_and_returns"),
    "raises_again": has(**SEGV, **LAST, code="SEGV_MAPERR", address="0x0", frame="raises_again"),
    "kills_again": has(**SEGV, **LAST, code="SEGV_MAPERR", address="0x0", frame="kills_again"),
    "handler_aborts": has(**LAST, signal="SIGABRT", first="SIGSEGV", code="SEGV_MAPERR", frame="handler_aborts", message="its handler ended the process by SIGABRT"),
    "chains": has(**SEGV, **LAST, code="SEGV_MAPERR", frame="chains"),
    "before:chains": has(**SEGV, **LAST, code="SEGV_MAPERR", frame="chains"),
    "before:null_outside": has(**SEGV, **LAST, code="SEGV_MAPERR", frame="null_outside"),
    "reporter": has(**SEGV, **LAST, code="SEGV_MAPERR", frame="reporter"),
    "reporter_aborts": has(**LAST, signal="SIGABRT", frame="reporter_aborts", message="aborted"),
    "reinstalls": has(**SEGV, **LAST, code="SEGV_MAPERR", frame="reinstalls"),
    "before:reinstalls": has(**SEGV, **LAST, code="SEGV_MAPERR", frame="reinstalls"),
    "constructor:reinstalls": has(**SEGV, **LAST, code="SEGV_MAPERR", frame="reinstalls"),
    "constructor:null_outside": has(**SEGV, **LAST, code="SEGV_MAPERR", address="0x0", frame="null_outside"),
    "constructor:null_inside": has(**SEGV, function="GDALRasterIO", inside=True, handle="band 2 of dataset 'grid'", state="live"),
    "constructor:aborts": has(**LAST, signal="SIGABRT", frame="aborts", message="aborted"),
    "constructor:kills": has(**LAST, signal="SIGBUS"),
    "constructor:divide": has(**LAST, signal="SIGFPE", code="FPE_INTDIV", frame="divide"),
    "constructor:overflow": has(**SEGV, **LAST, frame="deeper", message="overflowed"),
    "constructor:thread_null": has(**SEGV, function="OGR_F_GetFieldCount", thread="crasher", frame="crash_in_thread"),
    "constructor:chains": has(**SEGV, **LAST, code="SEGV_MAPERR", frame="chains"),
    "constructor:virtual_memory": 0,
    "constructor:virtual_memory_then_dies": has(**SEGV, frame="virtual_memory_then_dies"),
    "constructor:jumps": 0,
    "handler_exits": 0,
    "handler_crashes": 0,
    "handler_forks": has(**SEGV, frame="handler_forks"),
    "by_system_call": 0,
    "own_alternate": 0,
    "tiny_alternate": has(**SEGV, **LAST, frame="deeper", message="overflowed"),
    "no_alternate": has(**SEGV, **LAST, frame="deeper", message="overflowed"),
    "virtual_memory": 0,
    "virtual_memory_then_dies": has(**SEGV, frame="virtual_memory_then_dies"),
}
# Which handle is in use when the signal comes is anybody's guess there; what Holdfast makes known of wrong programs is not what is tested here.
TOLD_ELSEWHERE = {"in_hold"}
IN_CHILD = {"fork_child", "atfork_child"}
# A signal may come anywhere, and a stack ends anywhere in a function: that depends on where it begins.
ANY_INSTANT = {"in_free", "in_hold", "in_stack", "in_fork", "overflow", "constructor:overflow", "thread_overflow", "tiny_alternate", "no_alternate"}


def wanted(name):
    return not WANTED or name in WANTED


def blocked_log(program, folder):
    """stderr is a full pipe that nobody reads: the report gives up, and the process dies."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    try:
        while True:
            os.write(writer, b"x" * 4096)
    except BlockingIOError:
        os.set_blocking(writer, True)
    process = subprocess.Popen([str(program), "null_outside"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=writer, cwd=folder, preexec_fn=may_dump,
                               start_new_session=True, env=environment({"log_path": "stderr"}))
    status = Death.wait(process, 60)
    os.close(reader)
    os.close(writer)
    core_of(folder)
    check("the log's reader has stopped reading", status is not None and os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGSEGV, status)


def c_ways(folder):
    program = compile_c(FOLDER / "death_ways.c", folder / "death_ways", "-D_GNU_SOURCE", "-rdynamic", *gdal_flags(), "-lproj", "-lgeos_c", "-lpthread")
    for name, said in WAYS.items():
        if wanted(name):
            crashes, look = (said, None) if said is None or isinstance(said, int) else (1, said)
            compare(name, [program, name], folder, crashes=1 if crashes is None else crashes, expected=look, reports=None if name in TOLD_ELSEWHERE else [], same_core=name not in ANY_INSTANT, in_child=name in IN_CHILD)
    if wanted("waits"):
        compare("SIGSEGV from another process", [program, "waits"], folder, expected=has(**SEGV, **LAST, code="SI_USER", message="sent by process"), interrupt=signal.SIGSEGV)
    if wanted("blocked_log"):
        blocked_log(program, folder)
    if wanted("off"):
        compare("crash=0", [program, "null_outside"], folder, crashes=0, options={"crash": 0})
    return program



# ---- C++ --------------------------------------------------------------------------------------------------------------------

CPP = {
    "uncaught": has(signal="SIGABRT", function="OGR_G_IsEmpty", handle="geometry", obtained="OGR_G_CreateGeometry", message="aborted"),
    "uncaught_in_thread": has(signal="SIGABRT"),
    "uncaught_through_call": has(signal="SIGABRT", function="GDALComputeRasterStatistics", inside=True),
    "in_noexcept": has(signal="SIGABRT"),
    "pure_virtual": has(signal="SIGABRT"),
    "terminate_handler": 0,
    "caught": 0,
    "wild_object": has(**SEGV, address="0x123456789000"),
    "double_free": has(signal="SIGABRT"),
}


def cpp_ways(folder):
    program = folder / "death_cpp"
    subprocess.run(["c++", "-O1", "-g", "-rdynamic", "-o", str(program), str(FOLDER / "death_cpp.cc"), *gdal_flags(), "-lpthread"], check=True)
    for name, said in CPP.items():
        if name == "uncaught_in_thread" and said:
            said = lambda crash: has(signal="SIGABRT")(crash) if crash["call"] is None else ["the thread has made no call, and one is told: %s" % crash["call"]]
        compare("C++, " + name, [program, name], folder, crashes=0 if said == 0 else 1, expected=said or None)


# ---- Python ------------------------------------------------------------------------------------------------------------------

PYTHON_HEAD = """
import ctypes, faulthandler, os, signal, sys, threading
from osgeo import gdal, ogr
gdal.UseExceptions()
source = ogr.GetDriverByName("Memory").CreateDataSource("memory")
layer = source.CreateLayer("roads")
feature = ogr.Feature(layer.GetLayerDefn())
def last():
    print("ready", layer.GetFeatureCount(), flush=True)
"""
LAYER = {"function": "OGR_L_GetFeatureCount", "handle": "layer 'roads' of dataset 'memory'", "state": "live"}

PYTHON_WAYS = {
    "string_at(0)": ("def crash():\n    ctypes.string_at(0)\nlast()\ncrash()\n", has(**SEGV, **LAYER, address="0x0", python=["string_at:519", "crash:11", "<module>:13"]), None),
    "os.abort": ("last()\nos.abort()\n", has(signal="SIGABRT", **LAYER, python=["<module>:11"]), None),
    "os.kill": ("last()\nos.kill(os.getpid(), signal.SIGFPE)\n", has(signal="SIGFPE", **LAYER), None),
    "faulthandler before": ("last()\nctypes.string_at(0)\n", has(**SEGV, **LAYER, code="SEGV_MAPERR", address="0x0", python=["string_at:519", "<module>:11"]), {"PYTHONFAULTHANDLER": "1"}),
    "faulthandler after": ("last()\nfaulthandler.enable()\nctypes.string_at(0)\n", has(**SEGV, **LAYER, code="SEGV_MAPERR", address="0x0", python=["string_at:519", "<module>:12"]), None),
    "faulthandler enabled and disabled": ("last()\nfaulthandler.enable()\nfaulthandler.disable()\nctypes.string_at(0)\n", has(**SEGV, **LAYER, address="0x0"), None),
    "faulthandler and abort": ("last()\nfaulthandler.enable()\nos.abort()\n", has(signal="SIGABRT", **LAYER), None),
    "recursion in C": ("last()\nfaulthandler.enable()\nfaulthandler._stack_overflow()\n", has(**SEGV, **LAYER, message="overflowed"), None),
    "recursion in a thread": ("last()\ndef run():\n    print(feature.GetFID(), flush=True)\n    faulthandler._stack_overflow()\nt = threading.Thread(target=run)\nt.start()\nt.join()\n",
                              has(**SEGV, function="OGR_F_GetFID", message="overflowed"), None),
    "a thread, with others busy": ("last()\nimport time\ndef busy():\n    while True: layer.GetName()\nfor i in range(2): threading.Thread(target=busy, daemon=True).start()\n"
                                   "t = threading.Thread(target=ctypes.string_at, args=(0,))\nt.start()\nt.join()\n", has(**SEGV), None),
    "os.abort against a handler": ("last()\nsignal.signal(signal.SIGABRT, print)\nos.abort()\n", has(signal="SIGABRT", **LAYER), None),
    "signal module": ("last()\nsignal.signal(signal.SIGABRT, lambda *a: (print('handled', flush=True), sys.exit(6)))\nos.kill(os.getpid(), signal.SIGABRT)\n", None, None),
    "in a callback": ("def progress(part, message, data):\n    print('called', flush=True)\n    ctypes.string_at(0)\ngdal.FileFromMemBuffer('/vsimem/a', b'x')\nraster = gdal.GetDriverByName('MEM').Create('grid', 9, 9)\nlast()\n"
                      "gdal.GetDriverByName('GTiff').CreateCopy('/vsimem/b.tif', raster, callback=progress)\n", has(**SEGV, function="GDALCreateCopy", inside=True), None),
    "multiprocessing": ("import multiprocessing\ndef work():\n    feature.GetFID()\n    ctypes.string_at(0)\nlast()\np = multiprocessing.get_context('fork').Process(target=work)\np.start()\np.join()\nprint(p.exitcode)\n",
                        has(**SEGV, function="OGR_F_GetFID"), None),
    "subprocess": ("import subprocess\nlast()\nprint(subprocess.run([sys.executable, '-c', 'import os; os.abort()']).returncode)\n", None, None),
    "at exit": ("import atexit\nlast()\natexit.register(ctypes.string_at, 0)\n", has(**SEGV, **LAYER), None),
}


def python_ways(folder):
    for name, (source, look, env) in PYTHON_WAYS.items():
        script = folder / "script.py"
        script.write_text(PYTHON_HEAD + source)
        compare("Python, " + name, [PYTHON, script], folder, crashes=1 if look else 0, expected=look, reports=[], env=env, in_child=name == "multiprocessing")


# ---- a JVM, R ------------------------------------------------------------------------------------------------------------------

JAVA = """
public class Deaths {
    static native int use();        // a call of GDAL on a handle
    static native void crash();     // a null pointer in native code
    static int depth(int n) { return depth(n + 1) + 1; }
    static String nothing;
    public static void main(String[] words) throws Exception {
        System.load(words[1]);
        System.out.println("ready " + use());
        int caught = 0;
        for (int i = 0; i < 200000; i++)
            try { nothing.length(); } catch (NullPointerException e) { caught++; }
        System.out.println("null checks " + caught);
        int deep = 0;
        for (int i = 0; i < 3; i++)
            try { depth(0); } catch (StackOverflowError e) { deep++; }
        System.out.println("overflows " + deep);
        Thread thread = new Thread(() -> {
            int n = 0;
            for (int i = 0; i < 100000; i++) { try { nothing.length(); } catch (NullPointerException e) { n++; } if (i % 1000 == 0) use(); }
            System.out.println("thread " + n);
        });
        thread.start();
        thread.join();
        System.gc();
        System.out.println("end " + use());
        if (words[0].equals("crash")) crash();
    }
}
"""
JNI = """
#include <jni.h>
#include <ogr_api.h>
static OGRFeatureH feature;
JNIEXPORT jint JNICALL Java_Deaths_use(JNIEnv *env, jclass self)
{
    (void)env, (void)self;
    if (feature == NULL) {
        OGRFeatureDefnH definition = OGR_FD_Create("roads");
        OGR_FD_Reference(definition);
        feature = OGR_F_Create(definition);
    }
    return (jint)OGR_F_GetFID(feature);
}
JNIEXPORT void JNICALL Java_Deaths_crash(JNIEnv *env, jclass self) { (void)env, (void)self; *(volatile int *)0 = 1; }
"""


def java_ways(folder):
    compiler, machine = shutil.which("javac"), shutil.which("java")
    if compiler is None or machine is None:
        skip("a JVM", "there is no javac (package default-jdk-headless)")
        return
    home = pathlib.Path(os.path.realpath(compiler)).parents[1]
    library = folder / "libdeaths.so"
    (folder / "Deaths.java").write_text(JAVA)
    subprocess.run([compiler, "-d", str(folder), str(folder / "Deaths.java")], check=True)
    compile_c(JNI, library, "-shared", "-fPIC", "-I%s/include" % home, "-I%s/include/linux" % home, *gdal_flags())
    command = [machine, "-Xss512k", "-Xmx64m", "-XX:+UseSerialGC", "-XX:-OmitStackTraceInFastThrow", "-XX:ErrorFile=%s/hs.log" % folder, "-cp", folder, "Deaths"]
    compare("a JVM's null checks and stack overflows", [*command, "live", library], folder, crashes=0, reports=[], timeout=120)
    # It writes a file about the crash, and ends itself by abort().
    compare("a JVM that crashes in native code", [*command, "crash", library], folder, same_output=False, same_core=False, timeout=120,
            expected=has(signal="SIGABRT", first="SIGSEGV", function="OGR_F_GetFID", handle="feature of feature definition 'roads'", address="0x0", frame="Java_Deaths_crash"))


R_PROGRAM = """
dyn.load(commandArgs(TRUE)[2])
cat("ready", .C("use", integer(1))[[1]], "\\n")
f <- function(n) f(n + 1) + 1
options(expressions = 500000)
cat("overflow", class(try(f(0), silent = TRUE)), "\\n")
g <- function(n) { x <- lapply(1:3, function(i) g(n + i)); x }
cat("again", class(try(g(0), silent = TRUE)), "\\n")
if (commandArgs(TRUE)[1] == "deep") .C("deep")
cat("end", .C("use", integer(1))[[1]], "\\n")
if (commandArgs(TRUE)[1] == "crash") .C("crash")
"""
R_LIBRARY = """
#include <ogr_api.h>
static OGRFeatureH feature;
void use(int *out)
{
    if (feature == NULL) {
        OGRFeatureDefnH definition = OGR_FD_Create("roads");
        OGR_FD_Reference(definition);
        feature = OGR_F_Create(definition);
    }
    *out = (int)OGR_F_GetFID(feature);
}
static __attribute__((noinline)) int deeper(int n) { volatile char room[500]; room[n % 500] = 1; return deeper(n + 1) + room[n % 499]; }
void deep(void) { deeper(0); }
void crash(void) { *(volatile int *)0 = 1; }
"""


def r_ways(folder):
    interpreter = shutil.which("Rscript")
    if interpreter is None:
        skip("R", "it is not installed (package r-base-core)")
        return
    library = compile_c(R_LIBRARY, folder / "deaths.so", "-shared", "-fPIC", *gdal_flags())
    (folder / "deaths.R").write_text(R_PROGRAM)
    compare("R's stack checks", [interpreter, "--vanilla", folder / "deaths.R", "live", library], folder, crashes=0, reports=[], timeout=120)
    # This one ends the script, but not the process at once: R reports an error of its own.
    compare("R that overflows the stack in native code", [interpreter, "--vanilla", folder / "deaths.R", "deep", library], folder, crashes=0, reports=[], timeout=120)
    # R tells of the fault and, without a terminal, lets it happen again with the default action, or ends itself.
    compare("R that crashes in native code", [interpreter, "--vanilla", folder / "deaths.R", "crash", library], folder, timeout=120,
            expected=has(first="SIGSEGV", function="OGR_F_GetFID", handle="feature of feature definition 'roads'", address="0x0", frame="crash"))


# ---- the arena, the text log, the command -----------------------------------------------------------------------------------------

def report_of(arena):
    done = subprocess.run([COMMAND, "report", str(arena)], capture_output=True, text=True)
    return done.stdout + done.stderr


class MemoryGroup:
    """A control group with little memory, None as `join` where there can be none."""

    def __init__(self, megabytes):
        self.path, self.join = None, None
        for parent, limit in (("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max")):
            path = pathlib.Path(parent) / ("holdfast_test_%d" % os.getpid())
            try:
                path.mkdir()
                self.path = path
                (path / limit).write_text(str(megabytes << 20))
                swap = path / "memory.swap.max"
                if swap.exists():
                    swap.write_text("0")
                self.join = lambda: (path / "cgroup.procs").write_text(str(os.getpid()))
                return
            except OSError:
                self.end()

    def end(self):
        if self.path is not None:
            self.path.rmdir()
            self.path = None


def killed_for_memory(program, folder):
    """The kernel kills what needs more than its control group has; the arena is there still."""
    group = MemoryGroup(200)
    if group.join is None:
        skip("killed for want of memory", "no control group can be made here")
        return
    try:
        found = {}
        for preload in (False, True):
            process = subprocess.Popen([str(program), "eats_memory"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder, start_new_session=True,
                                       preexec_fn=group.join, env=environment({"record": folder / "arena"}, preload))
            found[preload] = (Death.wait(process, 60), process.pid)
        told = report_of(folder / ("arena.%d" % found[True][1]))
        check("killed for want of memory, and the arena tells the handle", found[True][0] == found[False][0] == signal.SIGKILL and "was killed" in told and
              "called last: OGR_F_SetFID on feature" in told, "%s\n%s" % (found, told))
    finally:
        group.end()


def arena_ways(folder):
    program = compile_c(FOLDER / "death_ways.c", folder / "death_ways", "-D_GNU_SOURCE", "-rdynamic", *gdal_flags(), "-lproj", "-lgeos_c", "-lpthread")
    killed = Death([program, "waits"], folder, options={"record": folder / "arena"}, interrupt=signal.SIGKILL)
    told = report_of(folder / ("arena.%d" % killed.pid))
    check("after SIGKILL the arena tells what the thread did last", killed.ending == "death by SIGKILL" and "was killed" in told and
          re.search(r"thread %d 'death_ways' is in, or called last: GDALGetRasterBandXSize on band 2" % killed.pid, told), told)
    killed_for_memory(program, folder)
    crashed = Death([program, "many_threads"], folder, options={"record": folder / "arena"})
    told = report_of(folder / ("arena.%d" % crashed.pid))
    checked = subprocess.run([COMMAND, "report", "--check", str(folder / ("arena.%d" % crashed.pid))], capture_output=True, text=True)
    check("the record of a crash passes `holdfast report --check`", checked.returncode == 0, checked.stdout + checked.stderr)
    workers = [thread for thread in crashed.crashes[0]["threads"] if thread["name"].startswith("worker ")] if crashed.crashes else []
    check("a crash tells what the other threads do", sorted(thread["name"] for thread in workers) == ["worker %d" % i for i in range(4)] and
          all(thread["call"]["function"] == "OGR_F_SetFID" and "feature of feature definition 'roads'" in thread["call"]["words"] for thread in workers), crashed)
    check("and the arena has the crash and the threads", "crash (error): SIGSEGV at address 0x0, near null" in told and told.count("called last: OGR_F_SetFID on feature") == 4, told)
    text = subprocess.run([str(program), "wild_inside"], capture_output=True, text=True, env=environment({}), preexec_fn=may_dump, cwd=folder).stderr
    check("as text", re.search(r"^==\d+== Holdfast crash \(error\): SIGSEGV at address 0x123456789000 .*, in OGR_F_SetFieldString on feature of feature definition 'roads'$", text, re.M) and
          re.search(r"^==\d+==   obtained  .*, by OGR_F_Create", text, re.M) and re.search(r"^==\d+==     #\d+ +wild_inside\+0x", text, re.M) and
          re.search(r"Holdfast summary: 0 violations, .*, 1 crash$", text, re.M), text)
    log = folder / "text.log"
    log.write_text(text)
    told = report_of(log)
    check("and `holdfast report` reads it", "crash (error): SIGSEGV" in told and "cannot" not in told, told)
    for words, wanted_status in ((["null_outside"], 128 + signal.SIGSEGV), (["handler_exits"], 7)):
        done = subprocess.run([COMMAND, "run", "--error-exitcode", "99", "--", str(program), *words], capture_output=True, text=True, cwd=folder, env=environment(None, False))
        check("holdfast run gives the program's own status: %s" % words[0], done.returncode in (wanted_status, -(wanted_status - 128)), "%s\n%s" % (done.returncode, done.stderr))


def main():
    with workshop() as folder:
        if not WANTED or set(WANTED) - {"cpp", "python", "java", "R", "arena"}:
            c_ways(folder)
        for name, ways in (("cpp", cpp_ways), ("python", python_ways), ("java", java_ways), ("R", r_ways), ("arena", arena_ways)):
            if wanted(name):
                ways(folder)
    return finish()


if __name__ == "__main__":
    sys.exit(main())
