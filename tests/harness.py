"""Runs a program with Holdfast and says what came: for tests/zoo, tests/programs and whoever else starts programs.

    harness.use_build("build")                        which libholdfast.so and which command
    result = harness.run(["./program"], options={"mode": "reject"})
    result.status, result.signal, result.stdout, result.reports, result.summary ...

    checks = harness.Checks()
    checks.check("what is tested", problems)          problems: what was expected and what came, in sentences; [] is a pass
    sys.exit(checks.finish())                         prints "N passed, M failed"

Only the standard library; any Python 3.9 or newer. Nothing here is changed by a run: each has its own folder for its logs.
"""
import dataclasses
import json
import os
import pathlib
import signal as signals
import resource
import subprocess
import tempfile
import threading

PYTHON = "/usr/bin/python3"  # the one that has osgeo

library = None  # path of libholdfast.so
command = None  # path of holdfast


def use_build(build):
    """Take library and command from this build folder."""
    global library, command
    build = pathlib.Path(build).resolve()
    library, command = str(build / "shim" / "libholdfast.so"), str(build / "tools" / "holdfast")
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))  # some programs are meant to crash
    for path in (library, command):
        if not os.path.exists(path):
            raise SystemExit("%s is not there: build first (ninja -C %s)" % (path, build))


@dataclasses.dataclass
class Result:
    """What a program did, and what Holdfast said about it."""
    argv: list
    status: int = None       # exit status, None when a signal ended it
    signal: str = None       # "SIGSEGV", None when it ended by itself
    timed_out: bool = False  # killed (with all that it started) because it took too long
    stdout: str = ""
    stderr: str = ""
    reports: list = dataclasses.field(default_factory=list)    # violations (schema 1), as logged, of all its processes
    notices: list = dataclasses.field(default_factory=list)
    crashes: list = dataclasses.field(default_factory=list)
    summaries: list = dataclasses.field(default_factory=list)  # one for each process that had something to say
    damage: list = dataclasses.field(default_factory=list)     # lines of the log that are no JSON object
    log: str = ""            # the log itself, all processes

    @property
    def summary(self):
        """The closing line, None if there was none; of several processes the first."""
        return self.summaries[0] if self.summaries else None

    def end(self):
        """How it ended, in words."""
        if self.timed_out:
            return "no end in time: it was killed"
        return "exit status %d" % self.status if self.signal is None else "death by %s" % self.signal


def clean_environment(extra=None):
    """The environment of a run: nothing of Holdfast's or of an outer preload, messages in English."""
    environment = {name: value for name, value in os.environ.items() if name not in ("LD_PRELOAD", "DEBUGINFOD_URLS") and not name.startswith("HOLDFAST")}
    environment.update(LC_ALL="C.UTF-8", PYTHONDONTWRITEBYTECODE="1")
    environment.update(extra or {})
    return environment


def run(argv, options={}, preload=True, env=None, timeout=60, cwd=None, input=None):
    """Run argv to its end, preloaded unless preload is False. Its log is JSON and comes back parsed; options that
    say otherwise (log_path, log_format) are obeyed, then nothing is parsed. env is added to a clean environment."""
    with tempfile.TemporaryDirectory(prefix="holdfast-run-") as folder:
        environment = clean_environment()
        if preload:
            settings = {"log_format": "json", "log_path": folder + "/log", **options}
            environment["LD_PRELOAD"] = library
            environment["HOLDFAST_OPTIONS"] = ":".join("%s=%s" % pair for pair in settings.items())
        environment.update(env or {})
        result = Result([str(word) for word in argv])
        _run_program(result, environment, timeout, cwd, input)
        for path in sorted(pathlib.Path(folder).iterdir()):
            _read_log(result, path.read_text(errors="replace"))
        return result


def _run_program(result, environment, timeout, cwd, text):
    process = subprocess.Popen(result.argv, env=environment, cwd=cwd, stdin=subprocess.PIPE if text is not None else subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8", errors="replace",
                               start_new_session=True)
    try:
        result.stdout, result.stderr = process.communicate(text, timeout=timeout)
    except subprocess.TimeoutExpired:
        result.timed_out = True
        os.killpg(process.pid, signals.SIGKILL)
        result.stdout, result.stderr = process.communicate()
    if process.returncode < 0:
        result.signal = signals.Signals(-process.returncode).name
    else:
        result.status = process.returncode


def _read_log(result, text):
    result.log += text
    by_type = {"violation": result.reports, "notice": result.notices, "summary": result.summaries, "crash": result.crashes}
    for line in text.splitlines():
        try:
            item = json.loads(line)
            by_type[item["type"]].append(item)
        except (ValueError, KeyError, TypeError):
            result.damage.append(line)


def symbolized(result):
    """The reports with function, file and line in their native frames, by `holdfast report`. One that was logged twice
    is there once."""
    if not result.reports:
        return []
    done = subprocess.run([command, "report", "--format", "json", "-"], input=result.log, capture_output=True, encoding="utf-8",
                          env=clean_environment(), timeout=60)
    return json.loads(done.stdout)["violations"]


def arena_totals(path):
    """The counts in an arena file: {"repeats", "refused", "held"}, by `holdfast report`."""
    done = subprocess.run([command, "report", "--format", "json", str(path)], capture_output=True, encoding="utf-8",
                          env=clean_environment(), timeout=60)
    return json.loads(done.stdout)["totals"]


def tell(report):
    """One report in a line or five, for messages about what came."""
    lines = ["%s %s by %s, action %s: %s" % (report.get("rule"), report.get("handle", {}).get("kind"), report.get("function"), report.get("action"),
                                             report.get("message"))]
    for role in ("used", "obtained", "freed"):
        stack = report.get("stacks", {}).get(role)
        frames = (stack["python"] or stack["native"])[:3] if stack else []
        words = ", ".join("%s:%s" % (os.path.basename(frame.get("file") or frame.get("symbol") or "?"), frame.get("line", "?")) for frame in frames)
        lines.append("    %-8s %s" % (role, "%s at %s" % (stack["function"], words or "no frame") if stack else "-"))
    if report.get("note"):
        lines.append("    note     " + report["note"])
    return "\n".join(lines)


class Checks:
    """Counts checks and prints those that fail. Any thread."""

    def __init__(self):
        self.passed = self.failed = 0
        self.lock = threading.Lock()

    def check(self, name, problems):
        """A check passed when there are no problems."""
        with self.lock:
            self.failed += bool(problems)
            self.passed += not problems
            if problems:
                print("FAILED: " + name)
                for problem in problems:
                    print("    " + str(problem).replace("\n", "\n    "))
                print(flush=True)

    def finish(self):
        """The closing line; returns the exit status for sys.exit()."""
        print("%d passed, %d failed" % (self.passed, self.failed), flush=True)
        return 1 if self.failed or not self.passed else 0
