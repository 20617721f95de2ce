"""What the tests of tests/programs share: running a program with and without Holdfast, checks that print a line each, temporary
folders, small C programs.

A test file is started as `NAME_test.py BUILD_DIRECTORY`, calls check() and its friends, and ends with `sys.exit(finish())`. Standard
library only, Python 3.9 or newer; nothing here knows GDAL.

Unlike harness.run(), run() here adds no options of its own: these tests are about what a program's user sees, so the log is text and goes
to stderr unless a test says otherwise, and reports are recognised there.
"""
import hashlib
import os
import pathlib
import re
import resource
import shutil
import signal as signals
import subprocess
import sys
import tempfile

FOLDER = pathlib.Path(__file__).resolve().parent
SCRIPTS = FOLDER / "scripts"
BUILD = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else FOLDER.parents[1] / "build").resolve()
sys.path.insert(0, str(FOLDER.parent))
import harness  # noqa: E402

harness.use_build(BUILD)
LIBRARY, COMMAND, PYTHON = harness.library, harness.command, harness.PYTHON

REPORT = re.compile(r"^==(\d+)== Holdfast (HF\d+) ", re.MULTILINE)
SUMMARY = re.compile(r"^==\d+== Holdfast summary: .*$", re.MULTILINE)


# ---- checks -----------------------------------------------------------------------------------------------------------

passed, failed = [], []


def check(what, fine, detail="", limit=4000):
    """One line a check; after a failed one what was expected and what came, indented; of more than `limit` characters the two ends."""
    print(("ok    " if fine else "FAIL  ") + what, flush=True)
    (passed if fine else failed).append(what)
    if not fine and detail:
        text = str(detail)
        text = text if len(text) < limit else text[:limit // 2] + "\n...\n" + text[-limit // 2:]
        print("      " + text.replace("\n", "\n      "), flush=True)
    return fine


def skip(what, why):
    print("skip  %s: %s" % (what, why), flush=True)


def check_equal(what, expected, found):
    return check(what, expected == found, "expected: %s\ncame:     %s" % (first_difference(expected, found)))


def first_difference(expected, found):
    """Both as text; of long ones only the first line that differs and where."""
    if not (isinstance(expected, str) and isinstance(found, str)) or len(expected) + len(found) < 300:
        return repr(expected), repr(found)
    left, right = expected.splitlines() + ["(end)"], found.splitlines() + ["(end)"]
    for number, (one, other) in enumerate(zip(left, right), 1):
        if one != other:
            return "line %d: %r" % (number, one), "line %d: %r" % (number, other)
    return "the same lines, other line ends", ""


def finish():
    print("%d passed, %d failed" % (len(passed), len(failed)))
    return 1 if failed or not passed else 0


# ---- running ----------------------------------------------------------------------------------------------------------

class Result:
    """status: exit status, None when a signal ended the program; signal: its number, or None; timed_out: it was killed.
    reports: rule ids in the order of the log on stderr; summary: the closing line, or None."""

    def __init__(self, process_status, stdout, stderr, timed_out):
        self.status = process_status if process_status >= 0 and not timed_out else None
        self.signal = -process_status if process_status < 0 and not timed_out else None
        self.stdout, self.stderr, self.timed_out = stdout, stderr, timed_out
        self.reports = [match.group(2) for match in REPORT.finditer(stderr)]
        match = SUMMARY.search(stderr)
        self.summary = match.group(0) if match else None

    @property
    def ending(self):
        if self.timed_out:
            return "hangs (killed after the time limit)"
        return "exit status %d" % self.status if self.signal is None else "death by " + signals.Signals(self.signal).name

    def __str__(self):
        return "%s\nstdout: %s\nstderr: %s" % (self.ending, self.stdout or "(empty)", self.stderr or "(empty)")


def option_text(options):
    return ":".join("%s=%s" % item for item in (options or {}).items())


def environment(options=None, preload=True, env=None):
    """The environment of a program: that of this one without any trace of Holdfast, fixed in all that changes output."""
    variables = harness.clean_environment({"PYTHONHASHSEED": "0", "OGR_CURRENT_DATE": "2020-01-01T00:00:00Z"})
    if preload:
        variables["LD_PRELOAD"] = LIBRARY
    if options:
        variables["HOLDFAST_OPTIONS"] = options if isinstance(options, str) else option_text(options)
    variables.update(env or {})
    return variables


def no_core_dump():
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def run(argv, options=None, preload=True, env=None, timeout=60, cwd=None, input=None, **more):
    """Run `argv` to its end; a program that does not end is killed with all of its children."""
    argv = [str(word) for word in argv]
    more.setdefault("stdout", subprocess.PIPE)
    more.setdefault("stderr", subprocess.PIPE)
    process = subprocess.Popen(argv, env=environment(options, preload, env), cwd=cwd, start_new_session=True, preexec_fn=no_core_dump,
                               stdin=subprocess.PIPE if input is not None else subprocess.DEVNULL, **more)
    timed_out = False
    try:
        out, err = process.communicate(input.encode() if input is not None else None, timeout)
    except subprocess.TimeoutExpired:
        timed_out = True
        os.killpg(process.pid, signals.SIGKILL)
        out, err = process.communicate()
    return Result(process.returncode, (out or b"").decode(errors="replace"), (err or b"").decode(errors="replace"), timed_out)


def run_python(source, *arguments, **more):
    """A Python program given as text, as a file so that tracebacks and reports can show its lines."""
    folder = pathlib.Path(more.get("cwd") or tempfile.gettempdir())
    handle, name = tempfile.mkstemp(".py", "program_", folder)
    with os.fdopen(handle, "w") as out:
        out.write(source)
    try:
        return run([PYTHON, name, *arguments], **more)
    finally:
        os.unlink(name)


def check_run(what, result, status=0, out=None, reports=(), err=None):
    """Ended with `status` (negative: by that signal), stdout is `out` if given, exactly `reports` were made, stderr is `err` if given."""
    wanted = "exit status %d" % status if status >= 0 else "death by " + signals.Signals(-status).name
    wrong = []
    if result.ending != wanted:
        wrong.append("expected %s, came %s" % (wanted, result.ending))
    if out is not None and result.stdout != out:
        wrong.append("expected on stdout %s, came %s" % first_difference(out, result.stdout))
    if list(reports) != result.reports:
        wrong.append("expected %s, came %s" % (reports_in_words(reports), reports_in_words(result.reports)))
    if err is not None and result.stderr != err:
        wrong.append("expected on stderr %s, came %s" % first_difference(err, result.stderr))
    return check(what, not wrong, "\n".join(wrong) + "\n" + str(result))


def reports_in_words(reports):
    return "the reports " + ", ".join(reports) if reports else "no report"


# ---- files ------------------------------------------------------------------------------------------------------------

class workshop:
    """`with workshop() as folder:` an empty folder that goes away afterwards."""

    def __enter__(self):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="holdfast_test_"))
        return self.path

    def __exit__(self, *error):
        shutil.rmtree(self.path, ignore_errors=True)


def contents(folder):
    """name: digest of every file below `folder`."""
    found = {}
    for path in sorted(pathlib.Path(folder).rglob("*")):
        if path.is_file():
            found[str(path.relative_to(folder))] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def make_inputs(folder):
    """The rasters and vectors that all tests read (scripts/make_inputs.py), made without Holdfast."""
    result = run([PYTHON, SCRIPTS / "make_inputs.py"], preload=False, cwd=folder)
    if result.status != 0:
        sys.exit("the test data could not be made: %s" % result)


def compile_c(source, target, *flags):
    """Compile C text or a file of this folder; `flags` come last, so libraries work."""
    if isinstance(source, str):
        path = pathlib.Path(target).with_suffix(".c")
        path.write_text(source)
    else:
        path = source
    command = ["cc", "-std=gnu17", "-O1", "-g", "-o", str(target), str(path), *[str(flag) for flag in flags]]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit("cannot compile: %s\n%s" % (" ".join(command), done.stderr))
    return target


def gdal_flags():
    done = subprocess.run(["pkg-config", "--cflags", "--libs", "gdal"], capture_output=True, text=True)
    return done.stdout.split() if done.returncode == 0 else ["-I/usr/include/gdal", "-lgdal"]


def find_gdal():
    """Path of the installed libgdal, None if there is none."""
    done = subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True)
    found = [line.split()[-1] for line in done.stdout.splitlines() if line.strip().startswith("libgdal.so.")]
    return pathlib.Path(found[0]).resolve() if found else None


def copy_of_gdal(folder):
    """A second libgdal for one process: the installed one under another soname. None without it, or without patchelf."""
    first, second = find_gdal(), pathlib.Path(folder) / "libgdalcopy.so"
    if first is None or shutil.which("patchelf") is None:
        return None
    if not second.exists():
        shutil.copy(first, second)
        subprocess.run(["patchelf", "--set-soname", second.name, str(second)], check=True)
    return second


# ---- the Python package -----------------------------------------------------------------------------------------------

def install_package(folder):
    """The Python interpreter of a virtual environment in `folder` with tools/python installed by pip, Debian's packages in sight, and nothing fetched. Of a copy, because setuptools builds
    beside the source."""
    source = pathlib.Path(folder) / "package"
    shutil.copytree(FOLDER.parents[1] / "tools" / "python", source, ignore=shutil.ignore_patterns("build", "*.egg-info", "__pycache__"))
    python = pathlib.Path(folder) / "venv" / "bin" / "python"
    for command in ([PYTHON, "-m", "venv", "--system-site-packages", folder / "venv"],
                    [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-build-isolation", "--no-deps", "--no-index", source]):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit("cannot install tools/python: %s" % done.stderr)
    return python
