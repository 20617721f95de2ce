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
import subprocess
import sys
import tempfile
import time

from support import COMMAND, FOLDER, LIBRARY, PYTHON, check, compile_c, environment, finish, gdal_flags, skip, workshop

WANTED = sys.argv[2:]
STATUS_WORDS = {number.value: number.name for number in signal.Signals}


def may_dump():
    resource.setrlimit(resource.RLIMIT_CORE, (min(1 << 16, resource.getrlimit(resource.RLIMIT_CORE)[1] & (1 << 62) - 1), resource.getrlimit(resource.RLIMIT_CORE)[1]))


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


def compare(what, argv, folder, crashes=1, expected=None, reports=None, same_output=True, **more):
    """Dies as without Holdfast. `crashes`: reports of a crash; `expected` looks at the first one and returns what is wrong with it, or None."""
    bare, watched = Death(argv, folder, preload=False, **more), Death(argv, folder, **more)
    wrong = []
    if bare.ending != watched.ending:
        wrong.append("without Holdfast: %s, with it: %s" % (bare.ending, watched.ending))
    if same_output and bare.stdout != watched.stdout:
        wrong.append("stdout differs: without Holdfast\n%s\nwith it\n%s" % (bare.stdout, watched.stdout))
    if len(watched.crashes) != crashes:
        wrong.append("%d crashes are told, expected %d" % (len(watched.crashes), crashes))
    elif expected is not None and crashes:
        wrong += expected(watched.crashes[0])
    if reports is not None and watched.reports != reports:
        wrong.append("reports %s, expected %s" % (watched.reports, reports))
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


def wanted(name):
    return not WANTED or name in WANTED


def c_ways(folder):
    program = compile_c(FOLDER / "death_ways.c", folder / "death_ways", "-D_GNU_SOURCE", "-rdynamic", *gdal_flags(), "-lproj", "-lgeos_c", "-lpthread")
    for name, said in WAYS.items():
        if wanted(name):
            crashes, look = (said, None) if said is None or isinstance(said, int) else (1, said)
            compare(name, [program, name], folder, crashes=1 if crashes is None else crashes, expected=look, reports=None if name in TOLD_ELSEWHERE else [])
    if wanted("waits"):
        compare("SIGSEGV from another process", [program, "waits"], folder, expected=has(**SEGV, **LAST, code="SI_USER", message="sent by process"), interrupt=signal.SIGSEGV)
    if wanted("off"):
        compare("crash=0", [program, "null_outside"], folder, crashes=0, options={"crash": 0})
    return program


def main():
    with workshop() as folder:
        c_ways(folder)
    return finish()


if __name__ == "__main__":
    sys.exit(main())
