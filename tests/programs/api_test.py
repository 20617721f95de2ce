"""holdfast.h in programs that are not linked with Holdfast: C and C++, position-independent or not, by several linkers, with and without the preload; and the signal of dump_signal=.

usage: api_test.py BUILD_DIRECTORY

api_work.c is the program. What is asserted is what the header says of each function.
"""
import json
import os
import re
import shutil
import signal
import subprocess
import sys

from support import FOLDER, LIBRARY, check, check_equal, environment, finish, gdal_flags, make_inputs, run, skip, workshop

HEADER = FOLDER.parents[1] / "shim" / "holdfast.h"
ABSENT = "version absent, before any handle: absent, mark 0, leaks 0, violations 0\n"
PRESENT = "version there, before any handle: unknown, mark 1, leaks 0, violations 0\n"


def build(folder, name, compiler, *flags):
    """None where this compiler or linker is not here."""
    if shutil.which(compiler[0]) is None:
        return None
    target = folder / name
    done = subprocess.run([*compiler, "-Wall", "-Wextra", "-Werror", "-g", "-I", folder, *flags, "-o", target, FOLDER / "api_work.c", "-x", "none", *gdal_flags(), "-lpthread"], capture_output=True, text=True)
    if done.returncode != 0 and "linker" in done.stderr and "invalid" in done.stderr:
        return None
    check("%s: compiles without a warning, and links with nothing of Holdfast's" % name, done.returncode == 0, done.stderr)
    return target if done.returncode == 0 else None


def answers(program, wish, file="", **more):
    result = run([program, wish, file], **more)
    check("%s %s: ends well" % (program.name, wish), result.status == 0, result)
    return result.stdout


STATES = """dataset: live, 15 'dataset 'a.tif'' 7 'dataset'
band: live, 25 'band 1 of dataset 'a.tif'' 7 'band 1 '
young: live, 8 'geometry' 7 'geometr'
stranger: unknown, 0 '' 0 ''
null: unknown, 0 '' 0 ''
errno 7
held: held, 15 'dataset 'a.tif'' 7 'dataset'
stale: stale, 25 'band 1 of dataset 'a.tif'' 7 'band 1 '
buried: buried, 8 'geometry' 7 'geometr'
"""


def test_compilers(folder):
    """The reference must survive each of them: one that the linker resolves for good would make Holdfast look absent."""
    ways = {
        "c": (["cc", "-std=gnu17", "-O1"], "-pie", "-fPIE"), "c-unoptimized": (["cc", "-O0"],), "c-no-pie": (["cc", "-O2", "-fno-pie"], "-no-pie"), "c99": (["cc", "-std=gnu99", "-O2"],),
        "c-lto": (["cc", "-O2", "-flto"],), "c-gold": (["cc", "-O2", "-fno-pie"], "-no-pie", "-fuse-ld=gold"), "clang": (["clang", "-O2"],), "clang-no-pie": (["clang", "-O0", "-fno-pie"], "-no-pie"),
        "clang-lld": (["clang", "-O2", "-fno-pie"], "-no-pie", "-fuse-ld=lld"), "c++": (["g++", "-x", "c++", "-O0"],), "c++-no-pie": (["g++", "-x", "c++", "-O2", "-fno-pie"], "-no-pie"),
        "clang++": (["clang++", "-x", "c++", "-Wno-deprecated", "-O2"],),
    }
    for name, (compiler, *flags) in ways.items():
        program = build(folder, name, compiler, *flags)
        if program is None:
            skip(name, "its compiler or linker is not here")
            continue
        check_equal("%s: states with Holdfast" % name, PRESENT + STATES, answers(program, "states", "a.tif", cwd=folder))
        check_equal("%s: states without" % name, ABSENT + re.sub(r": \w+, .*", ": absent, 0 '' 0 ''", STATES), answers(program, "states", "a.tif", preload=False, cwd=folder))
    return folder / "c"


def test_answers(program, folder):
    check_equal("a handle that another thread has for itself is seen, alive, as a leak, and freed", PRESENT + "elsewhere: live, leaks 1\nelsewhere: buried, leaks 0\n", answers(program, "threads"))
    leaks = answers(program, "leaks")
    lines = leaks.splitlines()[1:]
    check_equal("leaks since a mark: what was made after it and not freed, young or not; not what was lent, freed, or made before",
                ["leak: geometry, geometry, made after the mark: 1, live", "leak: dataset, dataset 'kept' (tile cache), made after the mark: 1, live"], sorted((line.rpartition(", place")[0] for line in lines[:2]), reverse=True))
    check("... with the place where it was made", all(re.search(r", place (known|c\+0x[0-9a-f]+)$", line) for line in lines[:2]), leaks)
    check_equal("... counted, from a later mark, from the beginning, ended by the callback, and none in the end", ["since the mark: 2", "marks grow: 1, since the later one: 0, since ever: 3, stopped after 1 of 1", "in the end: 0"], lines[2:])
    check_equal("... without Holdfast: none", ABSENT + "since the mark: 0\nmarks grow: 0, since the later one: 0, since ever: 0, stopped after 0 of 0\nin the end: 0\n", answers(program, "leaks", preload=False))
    told = re.sub(r"^(child|version).*\n", "", answers(program, "violations", env={"HOLDFAST_OPTIONS": "log_format=json"}), flags=re.M)
    check_equal("violations are counted by rule, and the report of each is there whole, repeats too, with the task of then; text is what the log is not", """violations: 3, HF101 3, stale-use 3, HF102 0, nonsense 0, errors 3
0: HF101, 1 1, told, task none, whole, cut to 9
1: HF101, 1 1, told, task none, whole, cut to 9
2: HF101, 1 1, told, task third, whole, cut to 9
3: HF0, 1 1, not told, task none, nothing, cut to 0
""", told[:told.index("3: HF0")] + told[told.index("3: HF0"):].split("\n")[0] + "\n")
    check("a child of fork counts from 0", "child: 0 0\n" in answers(program, "violations"))
    off = answers(program, "violations", options={"rules": "HF101=off"})
    check("what is off is not counted", "violations: 0, HF101 0, stale-use 0" in off, off)
    result = run([program, "labels"])
    check("a label is in the report, behind the handle and behind what lives in it, control characters taken out", "label: 1" in result.stdout and
          "band 1 of dataset 'm' (tile?cache ?[2J) was used after dataset 'm' (tile?cache ?[2J) was freed" in result.stderr and "\x1b" not in result.stderr, result)
    check("labels are cut, can be taken back, and are for live handles alone", all(line in result.stdout for line in ("long: 1 133\n", "gone: 1\nwithout: live, 11 'dataset 'n''", "stranger: 0\ndead: 0\n")), result)


def test_dump(program):
    result = run([program, "dump"])
    dump = result.stderr
    check("holdfast_dump: kinds, places, threads, counters", "dumped 3\n" in result.stdout and "2 handles are alive, 1 lent ones with them, 0 are held" in dump and "kind      geometry: 1" in dump and
          re.search(r"place     \S+: 1 alive, dataset 'dumped'$", dump, re.M) and "is in, or called last: OGR_G_CreateGeometry" in dump and "counted   2 handles born" in dump, result)
    for form, sign in (("json", '"type":"dump"'), ("otlp", "holdfast.dump")):
        result = run([program, "dump"], options={"log_format": form})
        lines = [json.loads(line) for line in result.stderr.splitlines()]
        check("... as %s" % form, len(lines) == 1 and sign in result.stderr and "dumped" in result.stderr, result)
    whole = json.loads(run([program, "dump"], options={"log_format": "json"}).stderr)
    check_equal("... kinds are counted", {"driver": 1, "dataset": 1, "geometry": 1}, whole["kinds"])


class Sitting:
    """A process in a blocking system call."""

    def __init__(self, program, folder, options, *words):
        self.log = folder / "sitting"
        self.process = subprocess.Popen([program, "sit", "-", *words], env=environment("log_path=%s:%s" % (self.log, options)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.process.stdout.readline()
        self.said = self.process.stdout.readline()

    def wait_until_blocked(self):
        """It has said that it sits; what is left is the way into read()."""
        while open("/proc/%d/syscall" % self.process.pid).read().split()[0] not in ("0", "63"):
            os.sched_yield()

    def signal_and_read(self, dumps):
        """The handler runs before the system call goes on, so a process that sits in it again has written."""
        self.wait_until_blocked()
        self.process.send_signal(signal.SIGUSR2)
        path = self.log.with_name("sitting.%d" % self.process.pid)
        for _ in range(20000000):
            text = path.read_text() if path.exists() else ""
            if text.count("Holdfast dump:") >= dumps or self.process.poll() is not None:
                return text
            os.sched_yield()
        return text

    def end(self):
        out, err = self.process.communicate("")
        path = self.log.with_name("sitting.%d" % self.process.pid)
        if path.exists():
            path.unlink()
        return self.process.returncode, out, err


def test_signal(program, folder):
    for what, options, words, said, handled in (("no handler of its own", "dump_signal=USR2", (), "sitting, without one\n", 0), ("a handler of its own", "dump_signal=USR2", ("handler",), "sitting, with a handler\n", 2),
                                                ("crash=0", "dump_signal=SIGUSR2:crash=0", ("handler",), "sitting, with a handler\n", 2), ("an only set", "dump_signal=USR2:young=0", (), "sitting, without one\n", 0)):
        sitting = Sitting(program, folder, options, *words)
        check_equal("dump_signal, %s: sigaction() tells the program what it set" % what, said, sitting.said)
        first = sitting.signal_and_read(1)
        check("dump_signal, %s: a process in read() tells what it knows, what is young too" % what, "2 handles are alive, 1 lent ones" in first and "kind      geometry: 1" in first and "dataset 'sitting'" in first and
              "is in, or called last: OGR_G_CreateGeometry" in first, first)
        check_equal("dump_signal, %s: and again" % what, 2, sitting.signal_and_read(2).count("Holdfast dump:"))
        status, out, err = sitting.end()
        check("dump_signal, %s: it went on, its handler ran each time" % what, status == 0 and out == "handled %d\n" % handled, (status, out, err))
    sitting = Sitting(program, folder, "summary=1")
    sitting.process.send_signal(signal.SIGUSR2)
    check_equal("without the option the signal does what it does without Holdfast", -signal.SIGUSR2, sitting.end()[0])


def test_names():
    """What other languages look up with dlsym() is there under its plain name, and what programs were compiled for under its other one."""
    names = re.findall(r"^HOLDFAST_(?:FUNCTION\(.*?, |PROCEDURE\()(holdfast_\w+), ", HEADER.read_text(), re.M)
    exported = set(re.findall(r" T (holdfast_\w+)$", subprocess.run(["nm", "-D", LIBRARY], capture_output=True, text=True).stdout, re.M))
    check_equal("each function of the header is exported by both of its names, and nothing else", sorted(names + [name + "_1" for name in names]), sorted(exported))


with workshop() as folder:
    make_inputs(folder)
    shutil.copy(HEADER, folder)
    first = sorted(folder.glob("*.tif"))[0]
    shutil.copy(first, folder / "a.tif") if first.name != "a.tif" else None
    program = test_compilers(folder)
    test_answers(program, folder)
    test_dump(program)
    test_signal(program, folder)
    test_names()
sys.exit(finish())
