"""Native frames with function, file and line: by `holdfast report`, from JSON logs and from records, wherever the debug information lies.

usage: symbols_test.py BUILD_DIRECTORY

A C++ program whose calls were inlined makes a mistake. What must come is what binutils' addr2line says of the same offsets: another reader of the same information. Then
the information moves: into a separate file, by link and by build-id, below a directory that is named, to a debuginfod server on this machine; or the program is replaced by another build.
"""
import http.server
import json
import os
import random
import shutil
import subprocess
import sys
import threading

from support import COMMAND, check, check_equal, finish, gdal_flags, run, skip, workshop

PROGRAM = r"""
#include <cstdio>
extern "C"
{
void GDALAllRegister(void);
void *GDALGetDriverByName(const char *);
void *GDALCreate(void *, const char *, int, int, int, int, char **);
void *GDALGetRasterBand(void *, int);
int GDALGetRasterBandXSize(void *);
void GDALClose(void *);
}
namespace work
{
struct reader
{
    template <typename T> __attribute__((noinline)) int late(T *band);
};
inline __attribute__((always_inline)) int innermost(void *band)
{
    return GDALGetRasterBandXSize(band);
}
inline __attribute__((always_inline)) int middle(void *band)
{
    if (band != nullptr)
    {
        int width = innermost(band);
        return width + EXTRA;
    }
    return 0;
}
template <typename T> int reader::late(T *band)
{
    int width = middle(band);
    std::puts("used");
    return width;
}
}
int main()
{
    GDALAllRegister();
    void *dataset = GDALCreate(GDALGetDriverByName("MEM"), "", 7, 5, 1, 1, nullptr);
    void *band = GDALGetRasterBand(dataset, 1);
    GDALClose(dataset);
    work::reader reader;
    return reader.late(band) != 7 + EXTRA;
}
"""


CRASH = r"""
extern "C"
{
void GDALAllRegister(void);
void *OGR_FD_Create(const char *);
void *OGR_F_Create(void *);
long long OGR_F_GetFID(void *);
}
static volatile int sink;
inline __attribute__((always_inline)) int store(void *feature, volatile int *place)
{
    sink = (int)OGR_F_GetFID(feature);
    *place = EXTRA;
    return *place;
}
__attribute__((noinline)) static void *make(void)
{
    void *feature = OGR_F_Create(OGR_FD_Create("roads"));
    sink = feature != nullptr;
    return feature;
}
__attribute__((noinline)) static int work(volatile int *place)
{
    int stored = store(make(), place);
    sink = stored;
    return stored;
}
int main(int count, char **)
{
    GDALAllRegister();
    int stored = work((volatile int *)(long)(count - 1));
    sink = stored;
    return 0;
}
"""


def build(folder, name="late", compiler="g++", extra=1, flags=(), text=PROGRAM):
    source = folder / (name + ".cc")
    source.write_text(text)
    program = folder / name
    subprocess.run([compiler, "-O2", "-g", "-DEXTRA=%d" % extra, "-Wl,--build-id", "-o", program, source, *flags, *gdal_flags()], check=True)
    return program


def build_id(path):
    words = subprocess.run(["readelf", "-n", path], capture_output=True, text=True, check=True).stdout.split()
    return words[words.index("Build") + 2]


def make_log(folder, program):
    """The JSON log of a run that makes one mistake."""
    log = folder / (program.name + ".log")
    result = run([program], options={"log_format": "json", "log_path": log, "mode": "report"})
    [written] = folder.glob(program.name + ".log.*")
    check("the program makes its mistake", result.status in (0, 1), result)
    written.rename(log)
    return log


def report(log, *arguments, env=None):
    result = run([COMMAND, "report", "--format", "json", *arguments, log], preload=False, env=env)
    if result.status != 0:
        return {"violations": [], "symbols_missing": [], "failure": str(result)}
    return json.loads(result.stdout)


def frames_of(document, program):
    """(function, file name, line, inlined) of the frames in the program, where the handle was used."""
    for violation in document["violations"]:
        if violation["rule"] == "HF101":
            return [(frame.get("function"), os.path.basename(frame.get("file", "")), frame.get("line"), frame.get("inlined", False))
                    for frame in violation["stacks"]["used"]["native"] if frame["module"] == str(program)]
    return [document.get("failure", "no HF101")]


def truth(log, program):
    """The same by addr2line, before anything is moved."""
    [violation] = [item for item in map(json.loads, log.read_text().splitlines()) if item["type"] == "violation" and item["rule"] == "HF101"]
    found = []
    for frame in violation["stacks"]["used"]["native"]:
        if frame["module"] != str(program):
            continue
        lines = subprocess.run(["addr2line", "-Cfie", program, frame["offset"]], capture_output=True, text=True, check=True).stdout.splitlines()
        pairs = list(zip(lines[0::2], lines[1::2]))
        for index, (function, place) in enumerate(pairs):
            file, _, line = place.split(" (discriminator")[0].rpartition(":")
            found.append((function, os.path.basename(file), int(line) if line.isdigit() else None, index + 1 < len(pairs)))
    return found


def simple(frames):
    """Names without parameters: of an inlined function addr2line may know the name alone. Assembly of the C library's start files has no lines here."""
    return [(str(function).replace("int ", "").split("(")[0].split("<")[0], *rest) for function, *rest in frames if function != "_start"]


def compare(what, log, program, expected, *arguments, env=None):
    document = report(log, *arguments, env=env)
    check_equal(what, simple(expected), simple(frames_of(document, program)))
    return document


def strip_with_debug_file(program, debug, link):
    subprocess.run(["objcopy", "--only-keep-debug", program, debug], check=True)
    subprocess.run(["strip", program], check=True)
    if link:
        subprocess.run(["objcopy", "--add-gnu-debuglink=" + str(debug), program], check=True)


def by_build_id(folder, identity):
    path = folder / ".build-id" / identity[:2] / (identity[2:] + ".debug")
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def test_inlined(folder, compiler):
    if shutil.which(compiler) is None:
        return skip("inlined frames of " + compiler, "it is not installed")
    program = build(folder, "late_" + compiler.strip("+"), compiler)
    log = make_log(folder, program)
    expected = truth(log, program)
    names = [frame[0].split("(")[0].split("<")[0].split(" ")[-1] for frame in expected[:3]]
    check("%s: the program is what it should be" % compiler, names == ["work::innermost", "work::middle", "work::reader::late"], expected)
    document = compare("%s: inlined frames are frames, C++ names are readable" % compiler, log, program, expected)
    check("%s: the function that was called is told with its parameters" % compiler, "int work::reader::late<void>(void*)" in str(frames_of(document, program)), frames_of(document, program))
    check_equal("%s: each frame is inlined or not, as it was" % compiler, [True, True, False], [frame[3] for frame in frames_of(document, program)[:3]])
    missing = [row["module"] for row in document["symbols_missing"]]
    check("%s: nothing is missing of the program" % compiler, str(program) not in missing, missing)
    text = run([COMMAND, "report", log], preload=False).stdout
    check("%s: the text says which frames are inlined" % compiler, "work::innermost(void*) (inlined)  " in text, text)
    return program, log, expected


def test_every_offset(folder, program):
    """Each byte of the program's functions, twice: the answers of the second time come from what is remembered."""
    names = subprocess.run(["nm", "-S", "-C", program], capture_output=True, text=True, check=True).stdout.splitlines()
    ranges = [(int(words[0], 16), int(words[1], 16)) for words in (line.split(None, 3) for line in names) if len(words) == 4 and words[2] in "TtW" and ("late" in words[3] or words[3] == "main")]
    offsets = [hex(begin + step) for begin, size in ranges for step in range(size)]
    done = subprocess.run(["addr2line", "-Cfiae", program], input="\n".join(offsets), capture_output=True, text=True, check=True).stdout
    expected = []
    for block in done.split("0x0000")[1:]:
        lines = block.splitlines()[1:]
        expected += [(place.split("/")[-1].split(" (")[0], index + 2 < len(lines)) for index, place in enumerate(lines) if index % 2]
    log = folder / "offsets.log"
    log.write_text(json.dumps({"schema": 1, "type": "violation", "rule": "HF101", "name": "stale-use", "severity": "error", "message": "m", "pid": 1, "stacks": {
        "used": {"function": "GDALClose", "python": [], "native": [{"module": str(program), "offset": offset} for offset in offsets * 2]}}}) + "\n")
    found = [("%s:%s" % (file or "??", line if line else "?"), inlined) for _, file, line, inlined in frames_of(report(log), program)]
    check("the program has enough instructions to be told apart", len(offsets) > 100, ranges)
    for turn, part in (("first", found[:len(found) // 2]), ("second", found[len(found) // 2:])):
        wrong = [(one, other) for one, other in zip(expected, part) if one != other]
        check("every offset has its lines, the %s time" % turn, len(expected) == len(part) and not wrong, (len(expected), len(part), wrong[:10]))


def test_record(folder, program, expected):
    record = folder / "late.hf"
    run([program], options={"record": "%s.%%p" % record, "record_keep": 1, "mode": "report", "log_path": folder / "unused"})
    [kept] = folder.glob("late.hf.*")
    compare("a record: the same frames", kept, program, expected)


def test_separate(folder):
    program = build(folder, "apart")
    log = make_log(folder, program)
    expected = truth(log, program)
    identity = build_id(program)
    debug = folder / "apart.debug"
    strip_with_debug_file(program, debug, link=True)
    compare("a stripped program with a debug file beside it (.gnu_debuglink)", log, program, expected)
    elsewhere = folder / "elsewhere"
    debug.rename(by_build_id(elsewhere, identity))
    document = report(log)
    check("without the debug file there is no line", all(frame[2] is None for frame in frames_of(document, program)), frames_of(document, program))
    check("... and it is said of which module", [row["reason"] for row in document["symbols_missing"] if row["module"] == str(program) and row["build_id"] == identity], document["symbols_missing"])
    compare("--symbol-path: the debug file by build-id", log, program, expected, "--symbol-path", elsewhere)
    program.rename(folder / "gone")
    compare("--symbol-path: the program is not on this machine", log, program, expected, "--symbol-path", elsewhere)
    table = run([COMMAND, "report", log], preload=False).stdout
    check("the text has a table of what was not found", "Frames without function or line" in table and identity[:16] in table and "there is no such file here" in table, table)
    (folder / "gone").rename(program)


def test_sysroot(folder):
    program = build(folder, "copied")
    log = make_log(folder, program)
    expected = truth(log, program)
    root = folder / "root"
    place = root / str(program).lstrip("/")
    place.parent.mkdir(parents=True)
    program.rename(place)
    compare("--sysroot: the program at its path below a directory", log, program, expected, "--sysroot", root)
    flat = folder / "flat"
    flat.mkdir()
    place.rename(flat / program.name)
    compare("--symbol-path: the program by its file name", log, program, expected, "--symbol-path", flat)
    result = run([COMMAND, "report", "--symbol-path", folder / "none", log], preload=False)
    check("a directory that is not there is wrong usage", result.status == 2 and "No such file" in result.stderr, result)


def test_replaced(folder):
    program = build(folder, "replaced")
    log = make_log(folder, program)
    old = build_id(program)
    build(folder, "replaced", extra=1000, flags=["-O1", "-fno-inline"])
    document = report(log)
    frames = frames_of(document, program)
    check("another build at the path: no name is made up", frames and all(frame[0] is None and frame[2] is None for frame in frames), frames)
    rows = [row for row in document["symbols_missing"] if row["module"] == str(program)]
    check("... and both builds are named", rows and rows[0]["build_id"] == old and build_id(program) in rows[0]["reason"], rows)
    subprocess.run(["objcopy", "--remove-section=.note.gnu.build-id", program], check=True)
    frames = frames_of(report(log), program)
    check("a file without a build-id is not the one that had one", all(frame[0] is None for frame in frames), frames)


def crash_frames(document, program, stack):
    [crash] = [notice for notice in document.get("notices", []) if "SIGSEGV" in notice["message"]] or [{}]
    stacks = {**crash.get("stacks", {}), **(crash.get("handle") or {}).get("stacks", {})}
    return [(frame.get("function", "").split("(")[0], os.path.basename(frame.get("file", "")), frame.get("line"), frame.get("inlined", False), frame.get("remark"))
            for frame in stacks.get(stack, {}).get("native", []) if frame["module"] == str(program)]


def test_crash(folder):
    """Functions that are in no dynamic symbol table: only debug information knows them, and only of the build that crashed."""
    line = {text.strip(): number for number, text in enumerate(CRASH.splitlines(), 1)}
    crashed = [("store", "fatal.cc", line["*place = EXTRA;"], True), ("work", "fatal.cc", line["int stored = store(make(), place);"], False),
               ("main", "fatal.cc", line["int stored = work((volatile int *)(long)(count - 1));"], False)]
    obtained = ("make", "fatal.cc", line['void *feature = OGR_F_Create(OGR_FD_Create("roads"));'], False)
    program = build(folder, "fatal", text=CRASH)
    result = run([program], options={"log_format": "json", "log_path": folder / "fatal.log", "record": folder / "fatal.hf"})
    [log], [record] = folder.glob("fatal.log.*"), folder.glob("fatal.hf.*")
    identity = build_id(program)
    [written] = [item for item in map(json.loads, log.read_text().splitlines()) if item["type"] == "crash"]
    frames = written["stacks"]["crashed"]["native"]
    check("a crash names the build of each module", result.signal == 11 and frames and all(frame.get("build_id") for frame in frames), frames)
    check_equal("... by its build-id", {identity}, {frame.get("build_id") for frame in frames if frame["module"] == str(program)})
    document = report(log)
    check_equal("a crash has functions and lines", crashed, [frame[:4] for frame in crash_frames(document, program, "crashed") if frame[0] != "_start"])
    check_equal("... and where the handle was made has", obtained, (crash_frames(document, program, "obtained") or [()])[0][:4])
    check_equal("the record of a crash has functions and lines", crashed, [frame[:4] for frame in crash_frames(report(record), program, "crashed") if frame[0] != "_start"])
    for source in (log, record):
        text = run([COMMAND, "report", source], preload=False).stdout
        check("the text tells where it crashed: %s" % source.name, "  crashed at\n      store" in text and "fatal.cc:%d" % crashed[0][2] in text, text)
    build(folder, "fatal", extra=1000, flags=["-O0"], text=CRASH)
    for source in (log, record):
        frames = crash_frames(report(source), program, "crashed")
        check("another build at the path: no name is made up of a crash: %s" % source.name, frames and all(not frame[0] and frame[2] is None and frame[4] for frame in frames), frames)
        text = run([COMMAND, "report", source], preload=False).stdout
        check("... and the table of what is missing names it: %s" % source.name, "Frames without function or line" in text and identity[:16] in text, text)


def test_dwz(folder):
    if shutil.which("dwz") is None:
        return skip("debug information that dwz shared", "dwz is not installed")
    programs = [build(folder, name, extra=extra) for name, extra in (("shared_one", 1), ("shared_two", 2))]
    logs = [make_log(folder, program) for program in programs]
    expected = [truth(log, program) for log, program in zip(logs, programs)]
    done = subprocess.run(["dwz", "-m", folder / "common.dwz", *programs], capture_output=True, text=True)
    if done.returncode != 0 or not (folder / "common.dwz").exists():
        return skip("debug information that dwz shared", done.stderr or "there was nothing to share")
    for log, program, frames in zip(logs, programs, expected):
        compare("debug information that dwz shared: %s" % program.name, log, program, frames)


class Server:
    """A debuginfod that has one file; `requests` are the paths that it was asked for. `stuck`: it takes requests and never answers."""

    def __init__(self, identity, file, stuck=False):
        outer = self
        self.requests, self.let_go = [], threading.Event()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                outer.requests.append(self.path)
                if stuck:
                    outer.let_go.wait()
                found = file.read_bytes() if self.path == "/buildid/%s/debuginfo" % identity else None
                try:
                    self.send_response(200 if found else 404)
                    self.send_header("Content-Length", str(len(found or b"")))
                    self.end_headers()
                    self.wfile.write(found or b"")
                except OSError:
                    pass

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = "http://127.0.0.1:%d" % self.server.server_port

    def close(self):
        self.let_go.set()
        self.server.shutdown()
        self.server.server_close()


def test_server(folder):
    program = build(folder, "served")
    log = make_log(folder, program)
    expected = truth(log, program)
    identity = build_id(program)
    debug = folder / "served.debug"
    strip_with_debug_file(program, debug, link=False)
    hidden = folder / "hidden"
    debug.rename(hidden)
    server = Server(identity, hidden)
    try:
        environment = {"DEBUGINFOD_URLS": server.url, "DEBUGINFOD_CACHE_PATH": str(folder / "cache"), "no_proxy": "127.0.0.1", "NO_PROXY": "127.0.0.1"}
        report(log, env={"DEBUGINFOD_URLS": ""})
        check("no server is asked when none is named", server.requests == [], server.requests)
        report(log, env={**environment, "DEBUGINFOD_URLS": "http://127.0.0.1:9"})
        check("... nor another one than is named", server.requests == [], server.requests)
        shutil.rmtree(folder / "cache", ignore_errors=True) # it remembers what was not found
        compare("a debuginfod server has the debug file", log, program, expected, env=environment)
        check("... and was asked for it", "/buildid/%s/debuginfo" % identity in server.requests, server.requests)
        shutil.rmtree(folder / "cache")
        program.unlink()
        compare("a debuginfod server, and the program is gone", log, program, expected, env=environment)
    finally:
        server.close()
    shutil.rmtree(folder / "cache")
    stuck = Server(identity, hidden, stuck=True)
    try:
        document = report(log, env={**environment, "DEBUGINFOD_URLS": stuck.url, "DEBUGINFOD_TIMEOUT": "1", "DEBUGINFOD_MAXTIME": "1"})
        check("a server that never answers is not waited for for ever", document["violations"] and stuck.requests, document)
        rows = [row["reason"] for row in document["symbols_missing"] if row["module"] == str(program)]
        check("... and it is said that it was asked", rows and "debuginfod" in rows[0], rows)
    finally:
        stuck.close()


def test_hostile(folder, program, log):
    wild = folder / "wild"
    original = program.read_bytes()
    generator = random.Random(7)
    wrong = []
    os.mkfifo(folder / "pipe")
    cases = [("empty", b""), ("magic", b"\x7fELF"), ("half", original[:len(original) // 2]), ("garbage", b"\x7fELF" + bytes(generator.randrange(256) for _ in range(5000)))]
    debug = subprocess.run(["objdump", "-h", program], capture_output=True, text=True, check=True).stdout.splitlines()
    sections = [line.split() for line in debug if ".debug_" in line]
    for number in range(60):
        changed = bytearray(original)
        section = generator.choice(sections)
        begin, size = int(section[5], 16), int(section[2], 16)
        for _ in range(generator.randrange(1, 30)):
            changed[begin + generator.randrange(size)] = generator.randrange(256)
        cases.append(("mutation %d of %s" % (number, section[1]), bytes(changed)))
    text = log.read_text().replace(json.dumps(str(program))[1:-1], str(wild))
    (folder / "wild.log").write_text(text)
    for name, content in cases:
        wild.write_bytes(content)
        result = run([COMMAND, "report", folder / "wild.log"], preload=False)
        if result.status != 0 or "HF101" not in result.stdout:
            wrong.append("%s: %s" % (name, result.ending))
    check("damaged files cost symbols, nothing else", not wrong, wrong)
    for path in ("/dev/zero", "/proc/kcore", "/proc/self/mem", str(folder / "pipe"), str(folder), "[vdso]", "relative", ""):
        (folder / "wild.log").write_text(log.read_text().replace(json.dumps(str(program))[1:-1], path))
        result = run([COMMAND, "report", folder / "wild.log"], preload=False, timeout=20)
        check("a module named %r is not opened" % path, result.status == 0 and "HF101" in result.stdout, result)


def main():
    if shutil.which("g++") is None or shutil.which("addr2line") is None:
        skip("all", "there is no C++ compiler, or no addr2line")
        return 77
    with workshop() as folder:
        program, log, expected = test_inlined(folder, "g++")
        test_inlined(folder, "clang++")
        test_every_offset(folder, program)
        test_record(folder, program, expected)
        test_separate(folder)
        test_sysroot(folder)
        test_replaced(folder)
        test_crash(folder)
        test_dwz(folder)
        test_server(folder)
        test_hostile(folder, program, log)
    return finish()


sys.exit(main())
