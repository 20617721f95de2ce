"""`holdfast top`: how a running process fares, on a terminal and elsewhere; the terminal is given back on every end.

usage: top_test.py BUILD_DIRECTORY
"""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time

from support import COMMAND, PYTHON, check, check_equal, environment, finish, run, workshop

TAKE, GIVE = "\x1b[?1049h", "\x1b[?1049l"
# A line on its input is so many features that it keeps.
PROGRAM = """
import sys
from osgeo import ogr
definition = ogr.FeatureDefn("made\\x1b[31m")
kept = []
def leak():
    kept.append(ogr.Feature(definition))
print("ready", flush=True)
for line in sys.stdin:
    for number in range(int(line)):
        leak()
        ogr.CreateGeometryFromWkt("POINT (1 2)")
    print("done", flush=True)
"""


class Program:
    def __init__(self, folder, **options):
        script = folder / "program.py"
        script.write_text(PROGRAM)
        self.process = subprocess.Popen([PYTHON, script], env=environment({"log_path": folder / "log", **options}), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.process.stdout.readline()
        self.pid = self.process.pid

    def make(self, count):
        self.process.stdin.write("%d\n" % count)
        self.process.stdin.flush()
        self.process.stdout.readline()

    def end(self):
        self.process.kill()
        self.process.communicate()


def top(*arguments, timeout=60):
    return run([COMMAND, "top", *arguments], preload=False, timeout=timeout)


class Terminal:
    """The command on a terminal of its own."""

    def __init__(self, *arguments, rows=30, columns=100, env=None):
        self.here, there = pty.openpty()
        fcntl.ioctl(there, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.there, self.before, self.text = there, termios.tcgetattr(there), ""
        self.process = subprocess.Popen([str(word) for word in (COMMAND, "top", *arguments)], env=environment(preload=False, env={"TERM": "xterm", "LC_ALL": "C.UTF-8", **(env or {})}), stdin=there, stdout=there, stderr=there, start_new_session=True)

    def read(self, until, seconds=30):
        """What was written until `until` (a regular expression) is in it, from where the last one ended; None: it did not come."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = re.search(until, self.text)
            if found:
                part, self.text = self.text[:found.end()], self.text[found.end():]
                return part
            if select.select([self.here], [], [], 0.1)[0]:
                try:
                    self.text += os.read(self.here, 65536).decode(errors="replace")
                except OSError:
                    return None
            elif self.process.poll() is not None and not select.select([self.here], [], [], 0)[0]:
                break
        return None

    def write(self, keys):
        os.write(self.here, keys.encode())

    def end(self, seconds=30):
        """Exit status, everything that is left to be read, and whether the terminal is set as it was."""
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = "hangs"
        while select.select([self.here], [], [], 0)[0]:
            self.text += os.read(self.here, 65536).decode(errors="replace")
        same = termios.tcgetattr(self.there) == self.before
        os.close(self.here)
        os.close(self.there)
        return status, self.text, same


def test_lines(folder):
    program = Program(folder, record=folder / "record.%p")
    program.make(300)
    reader = subprocess.Popen([COMMAND, "top", "--interval", "0.1", "--count", "200", str(program.pid)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    first = reader.stdout.readline()
    check("the first line: who, and what there is; rates are not known yet", re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ  process %d  live 301  held 0  born -  freed -  calls -  refused 0  violations 0  overhead -  arena \d+ %% \(\w" % program.pid, first), first)
    check_equal("... kinds", "  kinds: feature 300 (+0), featuredefn 1 (+0), ", reader.stdout.readline()[:47])
    check("... where they were made", re.match(r"  300 \(\+0\) feature, made by OGR_F_Create at \S+program.py:7 in leak$", reader.stdout.readline()))
    program.make(50)
    changes, borns = 0, []
    for line in reader.stdout:
        found = re.search(r"kinds: feature 350 \(\+(\d+)\)", line)
        changes += int(found.group(1)) if found else 0
        borns += re.findall(r"  born ([0-9.]+)/s", line)
        if found and changes == 50:
            break
    check_equal("50 more: told as a change, once", 50, changes)
    check("... and as births a second", any(float(born) > 0 for born in borns), borns)
    check("a name cannot drive a terminal", "\x1b" not in line)
    reader.kill()
    reader.communicate()
    status = open("/proc/%d/status" % program.pid).read()
    check("the process was not stopped, nor traced", "TracerPid:\t0" in status and program.process.poll() is None)
    done = top("--interval", "0.1", "--count", "2", folder / ("record.%d" % program.pid))
    check("by the record's name too, --count 2: two looks", done.status == 0 and done.stdout.count("  process %d  " % program.pid) == 2, done)
    watching = subprocess.Popen([COMMAND, "top", "--interval", "0.1", str(program.pid)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    watching.stdout.readline()
    program.end()
    out, err = watching.communicate(timeout=60)
    check("when the process is killed it says so and ends with 0", watching.returncode == 0 and ("there is none with this number" in err or "is gone: this is what it left" in err), (watching.returncode, err))  # the latter where its record was just being looked at


def test_anonymous(folder):
    program = Program(folder)
    program.make(20000)
    done = top("--interval", "0.1", "--count", "1", program.pid)
    check("without a record: from its memory, with the names of kinds and functions", re.search(r"kinds: feature \d{4,5} \(\+0\)", done.stdout) and "made by OGR_F_Create at" in done.stdout, done)
    program.end()


def test_run(folder):
    """The number that the shell tells is that of `holdfast run`, which waits for its program when there is something to do at its end."""
    script = folder / "alone.py"
    script.write_text(PROGRAM)
    words = [COMMAND, "run", "--record", folder / "run.hf", "--", PYTHON, script]
    process = subprocess.Popen([str(word) for word in words], env=environment(preload=False), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    process.stdout.readline()
    process.stdin.write("100\n")
    process.stdin.flush()
    process.stdout.readline()
    done, graph = top("--count", "1", process.pid), run([COMMAND, "graph", process.pid], preload=False)
    told = re.search(r"  process (\d+)  live 101 ", done.stdout)
    check("holdfast run's own number: its program is looked at, by top", told and int(told[1]) != process.pid, done)
    check("... and by graph", "100 live" in graph.stdout or "101 live" in graph.stdout, graph)
    process.communicate()


def test_screen(folder, program):
    terminal = Terminal("--interval", "0.1", program.pid)
    screen = terminal.read(re.escape("\x1b[J")) or ""
    check("a terminal: a screen of its own with both tables", TAKE in screen and "LIVE" in screen and "feature" in screen and "made by OGR_F_Create at" in screen and GIVE not in screen, screen)
    check("... its echo is off meanwhile", not termios.tcgetattr(terminal.there)[3] & (termios.ECHO | termios.ICANON))
    plain = [re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", line) for line in screen.split(TAKE)[1].split("\r\n")]
    check("... no line is wider, nor are there more than fit", max(map(len, plain)) <= 100 and len(plain) <= 30, plain)
    check("... no name drives it: only its own sequences are in it", set(re.findall(r"\x1b\[[0-9;?]*[A-Za-z]", screen)) <= {"\x1b[?1049h", "\x1b[?25l", "\x1b[H", "\x1b[1m", "\x1b[0m", "\x1b[K", "\x1b[7m", "\x1b[J"}, set(re.findall(r"\x1b\[[0-9;?]*[A-Za-z]", screen)))
    for key, wanted, words in (("k", r"CHANGE  KIND(?:(?!MADE WHERE).)*\x1b\[J", "k: kinds alone"), ("p", r"sorted by(?:(?!CHANGE  KIND).)*MADE WHERE", "p: places alone"), ("s", "sorted by change", "s: sorted by change"), ("?", "look less often", "?: help"),
                               (" ", "PAUSED", "space: pause"), ("+", "every 0.2 s", "+: less often")):
        terminal.write(key)
        check(words, terminal.read("(?s)" + wanted) is not None, terminal.text[-1500:])
    terminal.write("q")
    status, text, same = terminal.end()
    check("q: it ends, the terminal is as it was", status == 0 and GIVE in text and same, (status, same, text[-200:]))


def test_ends(folder, program):
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGSEGV, signal.SIGABRT):
        terminal = Terminal("--interval", "0.1", program.pid)
        terminal.read(re.escape("\x1b[J"))
        terminal.process.send_signal(number)
        status, text, same = terminal.end()
        check("%s: it dies of it, the terminal is as it was" % number.name, status == -number and GIVE in text and same, (status, same, text[-200:]))
    terminal = Terminal("--interval", "0.1", program.pid)
    terminal.read(re.escape("\x1b[J"))
    terminal.process.send_signal(signal.SIGTSTP)
    given = terminal.read(re.escape(GIVE))
    while not os.WIFSTOPPED(os.waitid(os.P_PID, terminal.process.pid, os.WSTOPPED | os.WNOWAIT).si_status << 8 | 0x7f):
        pass
    check("a stop: the terminal is as it was", given is not None and termios.tcgetattr(terminal.there) == terminal.before)
    terminal.process.send_signal(signal.SIGCONT)
    check("... and when it goes on the screen is back", terminal.read(re.escape(TAKE)) is not None and terminal.read(re.escape("\x1b[J")) is not None)
    terminal.write("q")
    check_equal("... with its keys", (0, True), terminal.end()[::2])
    terminal = Terminal("--interval", "0.1", "--count", "3", program.pid)
    check_equal("--count ends it too", (0, True), terminal.end()[::2])
    terminal = Terminal("--interval", "0.1", program.pid, env={"NO_COLOR": "1"}, rows=5, columns=12)
    screen = terminal.read(re.escape("\x1b[J"))
    check("NO_COLOR and a tiny terminal: nothing bold, nothing too wide", screen and "\x1b[1m" not in screen and max(len(re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", line)) for line in screen.split(TAKE)[1].split("\r\n")) <= 12, screen)
    program.end()
    status, text, same = terminal.end()
    check("the process ends: said, and the terminal is as it was", status == 0 and "has ended" in text and GIVE in text and same, (status, same, text[-300:]))


def test_arguments():
    for what, arguments, status, words in (("no process", [], 2, "which process?"), ("two", ["1", "2"], 2, "one too many"), ("an interval of nothing", ["--interval", "0", "1"], 2, "from 0.1 to 86400"),
                                           ("a count of nothing", ["--count", "0", "1"], 2, "a number of looks"), ("an unknown option", ["--fast", "1"], 2, "no option '--fast'"), ("no such process", ["999999999"], 1, "there is none"),
                                           ("one without Holdfast", [str(os.getpid())], 1, "does not run under Holdfast"), ("no such file", ["nothing"], 1, "cannot open nothing")):
        done = top(*arguments)
        check("%s: status %d, and said" % (what, status), done.status == status and words in done.stderr, done)


with workshop() as folder:
    test_arguments()
    test_lines(folder)
    test_anonymous(folder)
    test_run(folder)
    program = Program(folder, record=folder / "screen.%p")
    program.make(100)
    test_screen(folder, program)
    test_ends(folder, program)
sys.exit(finish())
