"""Where the log goes and how much of it: files of options, syslog, journald, descriptors, files of bounded size, reports a minute, limits that are told.

usage: logs_test.py BUILD_DIRECTORY
"""
import json
import os
import re
import resource
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading

from support import BUILD, COMMAND, LIBRARY, PYTHON, check, check_equal, check_run, compile_c, environment, finish, gdal_flags, make_inputs, run, run_python, skip, workshop

# As many mistakes as asked for, each at a line of its own, so that each is told; what is written on stdin between them is waited for.
MISTAKES = """
import os, sys
from osgeo import gdal
gdal.UseExceptions()
step = len(sys.argv) > 2
TEXT = '''
def mistake():
    dataset = gdal.GetDriverByName("MEM").Create("", 2, 2)
    band = dataset.GetRasterBand(1)
    del dataset
    band.XSize
mistake()
'''
for i in range(int(sys.argv[1])):
    exec(compile("\\n" * 10 * i + TEXT, "/generated.py", "exec"))
    if step:
        print("made", flush=True)
        sys.stdin.readline()
"""
GOOD = "from osgeo import osr; osr.SpatialReference(); print('ran')"


def reports(text):
    return len(re.findall(r"^==\d+== Holdfast HF101 ", text, re.M))


def test_option_files(folder):
    path = folder / "holdfast.conf"
    log = folder / "by_file"

    def with_file(text, options=None):
        path.write_text(text)
        return run_python(MISTAKES, 1, options=options or "@%s" % path, cwd=folder)

    result = with_file("# what operations wants\n\n  mode=report  \r\nlog=file:%s\nsummary=0:log_format=json\n" % log)
    logs = list(folder.glob("by_file.*"))
    check_run("a file of options", result, 0, "", (), "")
    check("... with comments, blanks and several in a line", len(logs) == 1 and [json.loads(line)["mode"] for line in logs[0].read_text().splitlines()] == ["report"], logs)
    result = with_file("mode=report", "mode=reject:@%s:summary=0" % path)
    check("what comes later wins: the file over what stands before it", result.reports == ["HF101"] and result.summary is None, result)
    modes = [json.loads(line)["mode"] for line in with_file("mode=report", "log_format=json:summary=0:@%s:mode=reject" % path).stderr.splitlines()]
    check_equal("... and what stands behind it over the file", ["reject"], modes)
    result = with_file("mode=report\nsummary=0\nmood=good\n\nlog_rate=x\n")
    check("a mistake is told with file and line, the rest holds", "%s:3: there is no option 'mood'" % path in result.stderr and "1 more mistake" in result.stderr and result.summary is None, result)
    result = with_file("summary=0\n@/etc/hostname\n")
    check("a file that names another: told, not read", "%s:2: '@/etc/hostname' is left out" % path in result.stderr and result.summary is None, result)
    for name, target, words in (("missing", folder / "nowhere.conf", "No such file"), ("a folder", folder, "no regular file"), ("an endless device", "/dev/zero", "no regular file")):
        result = run_python(MISTAKES, 1, options="@%s:summary=0" % target, cwd=folder)
        check("%s: one line that names it, all else holds" % name, result.status == 0 and result.stderr.count("holdfast: ") == 1 and str(target) in result.stderr and words in result.stderr and
              result.summary is None, result)
    fifo = folder / "fifo"
    os.mkfifo(fifo)
    check("a FIFO: not waited for", "no regular file" in run_python(GOOD, options="@%s" % fifo, cwd=folder, timeout=20).stderr)
    result = with_file("#" * 70000)
    check("too long: left out, told", "longer than 65536" in result.stderr and result.status == 0, result.stderr[:300])
    path.write_text("mode=report\nlog_format=json\nsummary=0\n")
    result = run([COMMAND, "run", "--options-file", "holdfast.conf", "--mode", "reject", "--", PYTHON, "-c", MISTAKES, 1], preload=False, cwd=folder)
    check("holdfast run --options-file, a relative path; later ones win", [json.loads(line)["mode"] for line in result.stderr.splitlines()] == ["reject"], result)


# Linked with libholdfast.so, because nothing is preloaded into it; it says whether it runs with the rights of another.
SECURE = r"""
#include <gdal.h>
#include <stdio.h>
#include <sys/auxv.h>
int main(void)
{
    GDALAllRegister();
    GDALDatasetH dataset = GDALCreate(GDALGetDriverByName("MEM"), "m", 8, 4, 1, GDT_Byte, NULL);
    GDALRasterBandH band = GDALGetRasterBand(dataset, 1);
    GDALClose(dataset);
    printf("%d %d\n", (int)getauxval(AT_SECURE), GDALGetRasterBandXSize(band));
    return 0;
}
"""


def test_setuid(folder):
    if os.getuid() != 0:
        return skip("a program with the rights of another user", "this test is not run by root")
    place = folder / "secure"
    place.mkdir(mode=0o755)
    folder.chmod(0o755)
    shutil.copy(LIBRARY, place / "libholdfast.so")
    program = compile_c(SECURE, place / "secure", "-Wl,--no-as-needed", place / "libholdfast.so", "-Wl,-rpath,%s" % place, *gdal_flags())
    open_place = folder / "open"
    open_place.mkdir()
    open_place.chmod(0o777)
    (open_place / "h.conf").write_text("log=file:%s/by_file\n" % open_place)
    options = "@%s/h.conf:log=file:%s/log:record=%s/record:verdict_path=%s/verdict" % ((open_place,) * 4)
    usual = run([program], options, preload=False, user=65534)
    check("the program as any other: the log is where the environment says", usual.stdout == "0 0\n" and list(open_place.glob("log.*")), usual)
    for left in open_place.glob("[!h]*"):
        left.unlink()
    program.chmod(0o4755)
    result = run([program], options, preload=False, user=65534)
    if result.stdout.startswith("0 "):
        return skip("a program with the rights of another user", "the file system of the temporary folder does not give them")
    check_equal("with the rights of another user: nothing is read or written where the environment says", ["h.conf"], sorted(path.name for path in open_place.iterdir()))
    check("... which is told, and the report goes to stderr", result.stdout == "1 0\n" and "HOLDFAST_OPTIONS is ignored" in result.stderr and result.reports == ["HF101"], result)


class Service:
    """A socket that keeps what it is sent: its queue is short, so it is read all the time."""

    def __init__(self, path, kind=socket.SOCK_DGRAM):
        self.socket = socket.socket(socket.AF_UNIX, kind)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        self.socket.bind(str(path))
        self.path, self.found = str(path), []
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self):
        while (text := self.socket.recv(1 << 20)) != b"end":
            self.found.append(text)

    def received(self):
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b"end", self.path)
        self.reader.join()
        return self.found


def fields_of(datagram):
    """Of journald's native protocol."""
    fields = {}
    while datagram:
        end = datagram.index(b"\n")
        if b"=" in datagram[:end]:
            name, value = datagram[:end].split(b"=", 1)
            datagram = datagram[end + 1:]
        else:
            name, (length,) = datagram[:end], struct.unpack("<Q", datagram[end + 1:end + 9])
            value, datagram = datagram[end + 9:end + 9 + length], datagram[end + 10 + length:]
        fields[name.decode()] = value.decode()
    return fields


def test_services(folder):
    path = folder / "syslog"
    syslog = Service(path)
    result = run_python(MISTAKES, 2, options="log=syslog:%s" % path, cwd=folder)
    lines = [line.decode() for line in syslog.received()]
    check_run("syslog: nothing on stderr", result, 0, "", (), "")
    heads = [re.match(r"<(\d+)>python3\[\d+\]: (.*)", line, re.S) for line in lines]
    check("a datagram a line, each with priority, tag and process", lines and all(heads) and all("\n" not in line and "==" not in line[:30] for line in lines), lines[:5])
    check_equal("errors as user.err, the closing line as user.info", ({11, 14}, 14), ({int(head[1]) for head in heads}, int(heads[-1][1])))
    check("the reports are there", sum("HF101 stale-use" in line for line in lines) == 2 and "summary: 2 violations" in lines[-1], lines)

    path = folder / "journal"
    journal = Service(path)
    result = run_python(MISTAKES, 1, options="log=journald:%s:summary=0" % path, cwd=folder)
    fields = [fields_of(datagram) for datagram in journal.received()]
    check_run("journald: nothing on stderr", result, 0, "", (), "")
    check("one entry with its fields", len(fields) == 1 and fields[0]["PRIORITY"] == "3" and fields[0]["HOLDFAST_RULE"] == "HF101" and fields[0]["SYSLOG_IDENTIFIER"] == "python3" and
          fields[0]["CODE_LINE"].isdigit() and fields[0]["CODE_FILE"].endswith(".py") and fields[0]["CODE_FUNC"] == "mistake", fields)
    check("the message is the whole report", fields and reports(fields[0]["MESSAGE"]) == 1 and "change" in fields[0]["MESSAGE"], fields)

    stuck = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    stuck.bind(str(folder / "stream"))
    stuck.listen(8)
    result = run_python(MISTAKES, 1, options="log=syslog:%s:summary=0" % (folder / "stream"), cwd=folder)
    peer = stuck.accept()[0]
    text = peer.recv(1 << 20).decode()
    check("a stream socket, as daemons of old have it: messages end with a zero byte", result.stderr == "" and text.endswith("\0") and "HF101" in text, (result.stderr, text))
    for name in ("syslog", "journald"):
        result = run_python(MISTAKES, 2, options="log=%s:/nowhere/socket" % name, cwd=folder)
        check("%s that is not there: said once, and the reports are on stderr" % name, result.status == 0 and result.stderr.count("holdfast: log=%s: cannot reach" % name) == 1 and
              result.reports == ["HF101"] * 2, result)
    path = folder / "full"
    full = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    full.bind(str(path))
    writer = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    writer.setblocking(False)
    try:
        while True:
            writer.sendto(b"x" * 1000, str(path))
    except BlockingIOError:
        pass
    result = run_python(MISTAKES, 1, options="log=journald:%s" % path, cwd=folder, timeout=30)
    check("journald that does not read: the program is not stopped, the report is on stderr", result.status == 0 and result.reports == ["HF101"], result)


def test_descriptors(folder):
    path = folder / "by_descriptor"
    with open(path, "w") as out:
        result = run_python(MISTAKES, 1, options="log=fd:%d" % out.fileno(), cwd=folder, pass_fds=[out.fileno()])
    check_run("fd:N: nothing on stderr", result, 0, "", (), "")
    check("... the report is in what the descriptor was opened for", reports(path.read_text()) == 1 and "summary" in path.read_text(), path.read_text())
    result = run_python(MISTAKES, 1, options="log=fd:77", cwd=folder)
    check("a descriptor that is closed: said once, the report is on stderr", result.stderr.count("cannot write to descriptor '77'") == 1 and result.reports == ["HF101"], result)
    with open(path) as source:
        result = run_python(MISTAKES, 1, options="log=fd:%d" % source.fileno(), cwd=folder, pass_fds=[source.fileno()])
    check("one that is for reading: the same", "cannot write to descriptor" in result.stderr and result.reports == ["HF101"], result)
    data, was = folder / "data", folder / "was"
    with open(was, "w") as out:
        source = "import os\nfrom osgeo import osr\nosr.SpatialReference()\nos.dup2(os.open(%r, os.O_WRONLY | os.O_CREAT), %d)\n" % (str(data), out.fileno()) + MISTAKES
        result = run_python(source, 1, options="log=fd:%d" % out.fileno(), cwd=folder, pass_fds=[out.fileno()])
    check("a number that became the program's data file: not a byte in it", result.reports == ["HF101"] and data.read_bytes() == b"" and "no longer what it was" in result.stderr, result)


def step_by_step(folder, count, options, between):
    """Runs the mistakes one by one and calls between(number, process) after each."""
    script = folder / "steps.py"
    script.write_text(MISTAKES)
    process = subprocess.Popen([PYTHON, script, str(count), "step"], env=environment(options), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=folder)
    for number in range(count):
        assert process.stdout.readline() == "made\n"
        between(number, process)
        process.stdin.write("\n")
        process.stdin.flush()
    err = process.communicate()[1]
    return process, err


def test_files(folder):
    place = folder / "sized"
    place.mkdir()
    result = run_python(MISTAKES, 40, options="log=file:%s/log:log_size=8k:log_files=3" % place, cwd=folder)
    sizes = {path.name.split(".", 2)[2] if path.name.count(".") > 1 else "": path.stat().st_size for path in place.iterdir()}
    check_equal("log_size: the file and three old ones", ["", "1", "2", "3"], sorted(sizes))
    check("... none larger than asked for, and the old ones full", all(size <= 8192 for size in sizes.values()) and all(sizes[name] > 4000 for name in "123"), sizes)
    newest = next(path for path in place.iterdir() if path.suffix == ".1").read_text()
    check("no report is torn, the younger are in the younger files", reports(newest) > 0 and newest.startswith("==") and newest.endswith("== \n"), newest[-300:])
    result = run_python(MISTAKES, 20, options="log=file:%s/one:log_size=8k:log_files=0" % place, cwd=folder)
    check_equal("log_files=0: one file, begun anew", 1, len(list(place.glob("one.*"))))

    threads = """
import threading, sys
from osgeo import gdal
gdal.UseExceptions()
TEXT = '''
dataset = gdal.GetDriverByName("MEM").Create("", 2, 2)
band = dataset.GetRasterBand(1)
del dataset
try:
    band.XSize
except RuntimeError:
    pass # another thread's dataset made it go: told all the same
'''
def work(first):
    for i in range(first, first + 25):
        exec(compile("\\n" * 10 * i + TEXT, "/generated.py", "exec"), {"gdal": gdal})
threads = [threading.Thread(target=work, args=(100 * number,)) for number in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""
    result = run_python(threads, options="log=file:%s/threads:log_size=16k:log_files=99:log_format=json" % place, cwd=folder)
    lines = [json.loads(line) for path in place.glob("threads.*") for line in path.read_text().splitlines()]
    check("four threads: every report once, in one of the files", sum(line["type"] == "violation" for line in lines) == 100, len(lines))

    # Two processes with one number, as two containers have them: they share the file.
    pair = folder / "pair"
    pair.mkdir()
    script = folder / "pair.py"
    script.write_text(MISTAKES)
    if run(["unshare", "-p", "-f", "true"], preload=False).status == 0:
        # Each report begins a new file, and renames all old ones, so that they come into each other's way all the time.
        options = {"log": "file:%s/log" % pair, "log_size": "1", "log_files": 999, "log_format": "json", "summary": 0}
        processes = [subprocess.Popen(["unshare", "-p", "-f", PYTHON, script, "80"], env=environment(options), cwd=folder) for number in range(3)]
        statuses = [process.wait() for process in processes]
        lines = [json.loads(line) for path in pair.iterdir() for line in path.read_text().splitlines()]
        check("processes that share a file: every report of each, none torn", statuses == [0, 0, 0] and len(lines) == 240 and {line["pid"] for line in lines} == {1}, (statuses, len(lines)))
        check("... in many files", len(list(pair.iterdir())) > 100, len(list(pair.iterdir())))
    else:
        skip("processes that share a file", "no new process namespace here")

    moved = folder / "moved"

    def move(number, process):
        if number == 0:
            (folder / ("log.%d" % process.pid)).rename(moved)
    process, err = step_by_step(folder, 2, "log=file:%s/log" % folder, move)
    check("a log that was moved away: the next report begins a new one", reports(moved.read_text()) == 1 and reports((folder / ("log.%d" % process.pid)).read_text()) == 1, err)

    def send(number, process):
        if number == 0:
            process.send_signal(signal.SIGUSR1)
    process, err = step_by_step(folder, 2, "log=file:%s/signal:log_signal=USR1" % folder, send)
    texts = [(folder / ("signal.%d%s" % (process.pid, end))).read_text() for end in (".1", "")]
    check("log_signal: the old log is put aside, the next report begins a new one", process.returncode == 0 and [reports(text) for text in texts] == [1, 1], texts)
    own = "import signal\nsignal.signal(signal.SIGUSR1, lambda *unused: print('mine', flush=True))\n" + MISTAKES + "signal.raise_signal(signal.SIGUSR1)\n"
    result = run_python(own, 1, options="log_signal=USR1", cwd=folder)
    check("a signal that the program handles stays the program's, which is told", result.stdout == "mine\n" and "log_signal: the program handles" in result.stderr, result)

    # Not in Python, which ignores this signal.
    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
    program = compile_c(SECURE, folder / "limited_program", *gdal_flags())
    done = subprocess.run([program], env=environment("log=file:%s/limited" % folder), cwd=folder, capture_output=True, text=True, preexec_fn=limit)
    check("beyond the limit of file sizes: no signal reaches the program, the report is on stderr", done.returncode == 0 and reports(done.stderr) == 1 and "log_path: cannot write" in done.stderr,
          (done.returncode, done.stderr[:500]))
    result = run_python("import os\nos.mkfifo(%r %% os.getpid())\n" % (str(folder / "pipe") + ".%d") + MISTAKES, 1, options="log=file:%s/pipe" % folder, cwd=folder, timeout=20)
    check("a FIFO that nobody reads: the program is not stopped", result.status == 0 and result.reports == ["HF101"], result)


def test_rate(folder):
    result = run_python(MISTAKES, 50, options="log_rate=10", cwd=folder)
    check("log_rate: ten reports at once", len(result.reports) == 10, result.reports)
    check("... then one line that says so, and the closing line has the rest", result.stderr.count("log_rate=10 reports a minute was reached") == 1 and "40 left out" in result.summary, result.stderr[-600:])
    result = run_python(MISTAKES, 50, options="log_rate=10:log_format=json", cwd=folder)
    lines = [json.loads(line) for line in result.stderr.splitlines()]
    check("as JSON: left_out", [line["left_out"] for line in lines if line["type"] == "summary"] == [40], lines[-1])
    result = run_python(MISTAKES, 50, options="log_rate=0", cwd=folder)
    check("0: no limit", len(result.reports) == 50)

    # No test waits for a minute to pass: what gives room here is a larger rate, and then the next one says what was left out meanwhile.
    def raise_rate(number, process):
        if number == 5:
            subprocess.run([COMMAND, "ctl", "--timeout", "0", str(process.pid), "log_rate=100000"], capture_output=True)
    process, err = step_by_step(folder, 12, "log_rate=2:summary=0", raise_rate)
    check("room again: the next report is written, behind a line that tells how many were left out", re.search(r"4 reports were left out meanwhile", err) and reports(err) == 8, err[-3000:])


def test_limits(folder):
    kept = "from osgeo import ogr\nkept = [ogr.CreateGeometryFromWkt('POINT (1 1)') for i in range(20000)]\nprint(len(kept))\n"
    result = run_python(kept, options="arena_size=256k:growth_many=0:growth=0", cwd=folder)
    lines = [line for line in result.stderr.splitlines() if "a limit was reached" in line]
    check("a full arena is told, once each, with the option to raise", result.stdout == "20000\n" and 1 <= len(lines) <= 4 and len(set(lines)) == len(lines) and all("arena_size" in line for line in lines), result)
    # Each opens a file of its own: another open of a file that is kept closes it.
    held = """
import os, shutil
from osgeo import gdal
os.makedirs("many", exist_ok=True)
kept = []
for i in range(150):
    path = "many/%d.tif" % i
    shutil.copy("dem.tif", path)
    dataset = gdal.Open(path)
    kept.append(dataset.GetRasterBand(1))
    del dataset
print(len(kept))
"""
    result = run_python(held, options="arena_size=256k:hold_max=1000:growth=0:stats=1", cwd=folder)
    lines = [line for line in result.stderr.splitlines() if "a limit was reached" in line]
    check("no room for more postponed frees: said once, and not that anything else is missing", result.stdout == "150\n" and len(lines) == 1 and
          "further frees are not postponed; to change that: arena_size" in lines[0] and re.search(r"stats: [1-9]\d* frees not postponed: arena full", result.stderr), result)
    result = run_python(held, options="hold_max=1000:growth=0", cwd=folder)
    check_run("... and with the usual arena there is", result, 0, "150\n", (), "")
    freed = "from osgeo import ogr\nfor i in range(3000):\n    ogr.CreateGeometryFromWkt('POINT (1 1)')\nprint('ran')\n"
    result = run_python(freed, options="fence_max=10:young=0", cwd=folder)
    check_run("fences that are lifted are no news for a program that does nothing wrong", result, 0, "ran\n", (), "")
    result = run_python(freed + MISTAKES, 1, options="fence_max=10:young=0", cwd=folder)
    check("... but are told beside a report", result.reports == ["HF101"] and result.stderr.count("fence_max and fence_bytes") == 1, result)
    result = run_python(GOOD, options="stats=1:log_format=json", cwd=folder)
    memory = json.loads(result.stderr.splitlines()[-1])["memory"]
    check("stats=1: the memory of Holdfast itself, all of it within its bounds", memory["arena_bound"] == 128 << 20 and 4096 <= memory["arena"] < memory["arena_bound"] and
          0 < memory["tables"] < 64 << 20 and memory["young"] >= 0 and memory["fenced"] >= 0, memory)


with workshop() as folder:
    folder = folder.resolve()
    make_inputs(folder)
    for test in (test_option_files, test_setuid, test_services, test_descriptors, test_files, test_rate, test_limits):
        test(folder)
sys.exit(finish())
