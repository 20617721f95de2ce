"""The holdfast command from outside: run, report, explain, contracts. Prints a line a check; exits 1 when one failed.

usage: command_test.py BUILD_DIRECTORY

Needs a C compiler for a stand-in of libholdfast.so, so that what the command does is tested apart from what the library does. The
stand-in notes an error in the verdict of `--error-exitcode` where the variable STAND_IN_ERROR is set. Standard library only.
"""
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

COMMAND = str(pathlib.Path(sys.argv[1]).resolve() / "tools" / "holdfast")
SOURCE = pathlib.Path(__file__).resolve().parents[2]
PYTHON = "/usr/bin/python3"
failures = []

STAND_IN = r"""
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
__attribute__((constructor)) static void note(void)
{
    const char *options = getenv("HOLDFAST_OPTIONS"), *path = options ? strstr(options, "verdict_path=") : NULL;
    char name[1024];
    if (path == NULL || getenv("STAND_IN_ERROR") == NULL || sscanf(path, "verdict_path=%1000[^:]", name) != 1)
        return;
    int descriptor = open(name, O_WRONLY | O_APPEND | O_CREAT, 0600);
    if (descriptor >= 0 && write(descriptor, "HF101\n", 6) == 6)
        close(descriptor);
}
"""


def check(what, fine, detail=""):
    print(("ok    " if fine else "FAIL  ") + what)
    if not fine:
        failures.append(what)
        print("      " + str(detail).replace("\n", "\n      "))


def run(*arguments, environment=None, **more):
    variables = {name: value for name, value in os.environ.items() if not name.startswith("HOLDFAST") and name != "LD_PRELOAD"}
    variables["HOLDFAST_LIBRARY"] = LIBRARY
    variables.update(environment or {})
    return subprocess.run([COMMAND, *arguments], capture_output=True, text=True, env=variables, timeout=60, **more)


def expect(what, result, status, out=None, err=None):
    """Status as expected, and every string of `out` and `err` in the output."""
    missing = [text for text in out or [] if text not in result.stdout] + [text for text in err or [] if text not in result.stderr]
    check(what, result.returncode == status and not missing,
          "status %s (expected %s), missing %s\nstdout: %s\nstderr: %s" % (result.returncode, status, missing, result.stdout, result.stderr))


# ---- the command itself -------------------------------------------------------------------------------------------------


def test_command():
    expect("without arguments: usage, 2", run(), 2, err=["usage: holdfast COMMAND"])
    expect("--help", run("--help"), 0, out=["run", "report", "explain"])
    expect("--version", run("--version"), 0, out=["holdfast "])
    expect("help run", run("help", "run"), 0, out=["--error-exitcode"])
    expect("run --help", run("run", "--help"), 0, out=["usage: holdfast run"])
    expect("unknown command: names the commands, 2", run("walk"), 2, err=["'walk'", "run, report, diff, graph, top, ctl, doctor, explain"])
    with open("/dev/full", "w") as full:
        result = subprocess.run([COMMAND, "explain"], stdout=full, stderr=subprocess.PIPE, text=True)
    check("output that cannot be written: 1 and a message", result.returncode == 1 and "disk full" in result.stderr, result.stderr)


COMMANDS = {"run": ["true"], "report": ["-"], "diff": ["-", "-"], "graph": ["1"], "top": ["1"], "ctl": ["1", "status"], "doctor": [COMMAND], "explain": ["HF101"], "contracts": ["GDALClose"]}


def test_arguments():
    """All commands read their arguments the same way; run's end where the program begins."""
    for name, words in COMMANDS.items():
        expect("%s: an option that there is not" % name, run(name, "--nothing-like-it", *words), 2, err=["holdfast %s: there is no option '--nothing-like-it'" % name, "usage: holdfast " + name])
        helped = run(name, "--help")
        expect("%s --help" % name, helped, 0, out=["usage: holdfast " + name])
        with_value = re.findall(r"(--[a-z-]+) (?:[A-Z]+|[a-z]+\|)", helped.stdout)
        for option in sorted(set(with_value) - {"--check"})[:3]:
            expect("%s %s lacks its value" % (name, option), run(name, option), 2, err=["%s needs a value" % option, "usage: holdfast " + name])
        if name != "run":
            expect("%s: help behind the words" % name, run(name, *words, "-h"), 0, out=["usage: holdfast " + name])
    for name, flag, wrong in (("graph", "--live", "--liev"), ("doctor", "--verbose", "--verbsoe"), ("contracts", "--summary", "--sumary"), ("report", "--check", "--chekc"), ("run", "--quiet", "--quite")):
        expect("%s %s takes no value" % (name, flag), run(name, flag + "=1", *COMMANDS[name]), 2, err=["%s takes no value, and '1' was given" % flag])
        expect("%s: %s is likely to mean %s" % (name, wrong, flag), run(name, wrong, *COMMANDS[name]), 2, err=["did you mean " + flag])
    same = [run("contracts", *arguments).stdout for arguments in (["--format", "tsv", "GDALClose"], ["--format=tsv", "GDALClose"], ["GDALClose", "--format=tsv"], ["GDALClose", "--format", "tsv"], ["--format=tsv", "--", "GDALClose"])]
    check("a value behind the option or behind =, options before the words or behind them", len(set(same)) == 1 and "GDALClose" in same[0], same)
    expect("behind -- nothing is an option", run("contracts", "--", "--format"), 2, err=["there is no contract for '--format'"])
    expect("doctor: a file and a program", run("doctor", COMMAND, "--", "true"), 2, err=["stands before the --", "usage: holdfast doctor"])
    expect("run: --help behind another flag", run("run", "--quiet", "--help", "true"), 0, out=["usage: holdfast run"])
    expect("run: the program's own --help", run("run", "--", "echo", "--help"), 0, out=["--help"])


# ---- run ----------------------------------------------------------------------------------------------------------------


def test_run_usage():
    expect("run without a program: usage, 2", run("run"), 2, err=["which program", "usage: holdfast run"])
    expect("run --: usage, 2", run("run", "--"), 2, err=["usage: holdfast run"])
    expect("unknown option: 2", run("run", "--nothing", "true"), 2, err=["'--nothing'", "usage"])
    expect("wrong mode: names the modes", run("run", "--mode", "maybe", "true"), 2, err=["'maybe'", "report, defer or reject"])
    expect("missing value", run("run", "--mode"), 2, err=["--mode needs a value"])
    expect("option without =", run("run", "--option", "hold_max", "true"), 2, err=["NAME=VALUE"])
    expect("option that does not exist", run("run", "--option", "hold_min=1", "true"), 2, err=["'hold_min'"])
    expect("option of the wrong type", run("run", "--option", "hold_max=many", "true"), 2, err=["'many'", "number"])
    expect("colon in a path", run("run", "--log-path", "/tmp/a:b", "true"), 2, err=["'/tmp/a:b'", "':'"])
    for status in ("0", "256", "x", ""):
        expect("--error-exitcode '%s'" % status, run("run", "--error-exitcode", status, "true"), 2, err=["1 to 255"])
    expect("HOLDFAST_OPTIONS too long", run("run", "true", environment={"HOLDFAST_OPTIONS": "x" * 70000}), 2, err=["shorten"])


def test_run_programs(folder):
    plain = folder / "plain"
    plain.write_text("echo hello\n")
    script = folder / "script"
    script.write_text("echo from script $1\n")
    script.chmod(0o755)
    orphan = folder / "orphan"
    orphan.write_text("#!/nowhere/interpreter\n")
    orphan.chmod(0o755)
    for extra in ([], ["--error-exitcode", "9"]):
        mark = " " + " ".join(extra)
        expect("status passes through" + mark, run("run", *extra, "--", "sh", "-c", "exit 37"), 37)
        expect("arguments pass through" + mark, run("run", *extra, "echo", "--mode", "x"), 0, out=["--mode x"])
        expect("standard input passes through" + mark, run("run", *extra, "cat", input="words"), 0, out=["words"])
        expect("not found: 127" + mark, run("run", *extra, "no-such-program-here"), 127, err=["no-such-program-here", "not found"])
        expect("no such path: 127" + mark, run("run", *extra, "./no/such"), 127, err=["./no/such"])
        expect("not executable: 126" + mark, run("run", *extra, str(plain)), 126, err=[str(plain), "executed"])
        expect("directory: 126" + mark, run("run", *extra, str(folder)), 126, err=["directory"])
        expect("not executable in PATH: 126" + mark, run("run", *extra, "plain", environment={"PATH": str(folder)}), 126)
        expect("script without #! runs with sh" + mark, run("run", *extra, str(script), "here"), 0, out=["from script here"])
        expect("missing interpreter: 126" + mark, run("run", *extra, str(orphan)), 126, err=["interpreter"])
        for number in (signal.SIGTERM, signal.SIGSEGV, signal.SIGKILL, signal.SIGPIPE):
            result = run("run", *extra, "sh", "-c", "kill -%d $$" % number)
            check("%s of the program is ours%s" % (number.name, mark), result.returncode == -number, result)


def test_run_environment(folder):
    show = ["sh", "-c", 'printf "%s\\n%s\\n" "$LD_PRELOAD" "$HOLDFAST_OPTIONS"']
    other = str(folder / "other.so")
    subprocess.run(["cc", "-shared", "-o", other, "-x", "c", "/dev/null"], check=True)

    def seen(*arguments, **environment):
        return run("run", *arguments, *show, environment=environment).stdout.split("\n")

    check("LD_PRELOAD is the library", seen()[0] == LIBRARY, seen())
    check("LD_PRELOAD that was there stays behind ours", seen(LD_PRELOAD=other)[0] == LIBRARY + ":" + other, seen(LD_PRELOAD=other))
    twice = LIBRARY + " " + other + ":" + LIBRARY
    check("no duplicate in LD_PRELOAD", seen(LD_PRELOAD=twice)[0] == LIBRARY + ":" + other, seen(LD_PRELOAD=twice))
    check("no options: HOLDFAST_OPTIONS stays empty", seen()[1] == "", seen())
    options = seen("--mode=reject", "--log-format", "json", "--option", "hold_max=7", HOLDFAST_OPTIONS="mode=report:summary=0")[1]
    check("options of the command line come after those of the environment",
          options == "mode=report:summary=0:mode=reject:log_format=json:hold_max=7", options)
    result = run("run", "--log-path", "logs/app", *show, cwd=folder)
    check("a relative log path means the directory of now", result.stdout.split("\n")[1] == "log_path=%s/logs/app" % folder.resolve(), result)
    check("log_path stderr stays", seen("--log-path", "stderr")[1] == "log_path=stderr")
    (folder / "known.supp").write_text("")
    result = run("run", "--suppressions", "known.supp", "--suppressions=" + str(folder / "known.supp"), "--gen-suppressions=new.supp", *show, cwd=folder)
    known = "suppressions=%s/known.supp" % folder.resolve()
    check("files of suppressions mean the directory of now", result.stdout.split("\n")[1] == ":".join([known, "suppressions=%s/known.supp" % folder,
          "gen_suppressions_path=%s/new.supp" % folder.resolve()]), result)
    check("--gen-suppressions needs no value", seen("--gen-suppressions", "--mode=report")[1] == "gen_suppressions=1:mode=report")
    expect("--suppressions without a file", run("run", "--suppressions"), 2, err=["--suppressions needs a value"])
    expect("--suppressions with a missing file", run("run", "--suppressions", "/no/such.supp", "true"), 2, err=["'/no/such.supp' cannot be read"])
    result = run("run", "true", environment={"HOLDFAST_LIBRARY": "/nowhere/lib.so"})
    expect("HOLDFAST_LIBRARY that is no file", result, 126, err=["/nowhere/lib.so"])
    blank = folder / "with blank"
    blank.mkdir()
    (blank / "libholdfast.so").write_bytes(pathlib.Path(LIBRARY).read_bytes())
    expect("library in a path with a blank", run("run", "true", environment={"HOLDFAST_LIBRARY": str(blank / "libholdfast.so")}), 126,
           err=["blank"])


def test_error_exitcode(folder):
    def supervised(program, **environment):
        environment["TMPDIR"] = str(folder)
        return run("run", "--error-exitcode", "77", "--", "sh", "-c", program, environment=environment)

    check("no error: the program's status", supervised("exit 3").returncode == 3)
    check("error: the status asked for", supervised("exit 3", STAND_IN_ERROR="1").returncode == 77)
    check("error in a child process only", supervised("STAND_IN_ERROR=1 /bin/true; exit 0").returncode == 77)
    check("error, but killed by a signal: the signal", supervised("kill -TERM $$", STAND_IN_ERROR="1").returncode == -signal.SIGTERM)
    left = list(folder.glob("holdfast-*"))
    check("no temporary file stays", not left, left)
    expect("TMPDIR that cannot be written", run("run", "--error-exitcode", "7", "true", environment={"TMPDIR": "/proc/nowhere"}), 126,
           err=["/proc/nowhere", "TMPDIR"])


def start(*arguments, **more):
    variables = dict(os.environ, HOLDFAST_LIBRARY=LIBRARY)
    return subprocess.Popen([COMMAND, "run", *arguments], env=variables, stdout=subprocess.PIPE, text=True, preexec_fn=os.setpgrp, **more)


def wait_until(condition, seconds=10):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return condition()


def state_of(pid):
    try:
        return pathlib.Path("/proc/%d/stat" % pid).read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return "gone"


WAITING = """
import os, signal, sys
def told(number, frame):
    os.write(1, b"got %s\\n" % signal.Signals(number).name.encode())  # print() is not reentrant
    if number in (signal.SIGTERM, signal.SIGINT): sys.exit(5)
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2, signal.SIGWINCH):
    signal.signal(number, told)
os.write(1, b"%d\\n" % os.getpid())
while True: signal.pause()
"""


def test_signals():
    for extra in ([], ["--error-exitcode", "9"]):
        mark = " " + " ".join(extra)
        process = start(*extra, PYTHON, "-c", WAITING)
        program = int(process.stdout.readline())
        check("without --error-exitcode the command becomes the program" if not extra else "with it the program is a child",
              (program == process.pid) == (not extra))
        for number in (signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2, signal.SIGWINCH):
            process.send_signal(number)
            line = process.stdout.readline()
            check("%s passes%s" % (number.name, mark), line == "got %s\n" % number.name, line)
        process.send_signal(signal.SIGTSTP)
        check("SIGTSTP stops both" + mark, wait_until(lambda: state_of(program) == state_of(process.pid) == "T"))
        process.send_signal(signal.SIGCONT)
        check("SIGCONT continues both" + mark, wait_until(lambda: "T" not in (state_of(program), state_of(process.pid))))
        process.send_signal(signal.SIGTERM)
        check("SIGTERM passes, the program's status counts" + mark, process.wait(10) == 5, process.returncode)
        process.stdout.close()
    process = start("--error-exitcode", "9", PYTHON, "-c", WAITING)
    program = int(process.stdout.readline())
    process.kill()
    process.wait()
    check("SIGKILL of the command takes the program along", wait_until(lambda: state_of(program) in ("gone", "Z")))
    process.stdout.close()


def test_files_and_dispositions():
    process = start("--error-exitcode", "9", PYTHON, "-c", "import os, time; os.close(1); time.sleep(3)")
    begun = time.monotonic()
    process.stdout.read()
    check("a reader sees the end when the program closes its output", time.monotonic() - begun < 2.5)
    process.stdout.close()
    process.wait()
    status = "grep -E 'SigBlk|SigIgn' /proc/self/status"
    plain = subprocess.run(["sh", "-c", status], capture_output=True, text=True).stdout
    supervised = run("run", "--error-exitcode", "9", "--", "sh", "-c", status).stdout
    check("signal mask and dispositions of the program are untouched", plain == supervised, plain + supervised)


# ---- explain ------------------------------------------------------------------------------------------------------------


def test_explain():
    for name in ("HF101", "hf101", "101", "stale-use"):
        expect("explain " + name, run("explain", name), 0, out=["HF101 stale-use (error)", "parent was freed", "Keep the parent alive"])
    rules = [line for line in (SOURCE / "tracker" / "rules.def").read_text().splitlines() if line.startswith("RULE(")]
    listed = run("explain").stdout.splitlines()
    check("explain lists every rule", len(rules) == len(listed), (len(rules), len(listed)))
    expect("explain two", run("explain", "102", "double-free"), 0, out=["HF102", "HF103"])
    expect("explain something close", run("explain", "stale-us"), 2, err=["'stale-us'", "did you mean HF101 stale-use"])
    expect("explain nonsense", run("explain", "HF999"), 2, err=["'HF999'", "HF101 to HF119"])
    expect("explain one good, one bad", run("explain", "HF101", "bad!"), 2, out=["HF101"], err=["'bad!'"])


# ---- contracts ----------------------------------------------------------------------------------------------------------


def parsed_contracts():
    """(function, since, before): the verbs of its effects, read by the generator itself."""
    sys.path.insert(0, str(SOURCE / "shim" / "contracts"))
    import describe
    import generate
    folder = SOURCE / "shim" / "contracts"
    paths = [str(folder / "kinds.contract")] + sorted(str(path) for path in folder.glob("*.contract") if path.name != "kinds.contract")
    return {(name, describe.version(line.range[0]), describe.version(line.range[1])): sorted(effect.verb for effect in line.effects)
            for name, family in generate.parse(paths).items() for line in family}


def test_contracts():
    result = run("contracts", "--format", "json")
    document = json.loads(result.stdout)
    lines = {(line["function"], line["since"], line["before"]): line for line in document["contracts"]}
    wanted = parsed_contracts()
    shown = {key: sorted(effect["effect"] for effect in line["effects"] if effect["effect"] not in ("use", "unused")) for key, line in lines.items()}
    check("contracts shows every line with every effect", len(wanted) > 1500 and shown == wanted,
          [(key, shown.get(key), wanted.get(key)) for key in sorted(set(shown) | set(wanted), key=str) if shown.get(key) != wanted.get(key)][:5])
    check("its counts are those of the lines", document["counts"]["lines"]["total"] == len(wanted) and
          document["counts"]["functions"]["total"] == len({name for name, _, _ in wanted}), document["counts"])
    new = {library: sum(line["library"] == library and effect["effect"] == "new" for line in lines.values() for effect in line["effects"]) for library in ("gdal", "geos", "proj")}
    check("its counts by library and effect are those of the effects", document["counts"]["effects"]["new"] == {**new, "total": sum(new.values())}, document["counts"])
    check("the document says what it is", document["schema"] == 1 and document["type"] == "contracts", sorted(document))

    line = lines["GDALGetRasterBand", None, None]
    effect = next(effect for effect in line["effects"] if effect["effect"] == "borrows")
    check("a loan names what lends", (effect["kind"], effect["name"], effect["parent"], effect["parent_name"], effect["parent_kind"]) ==
          ("band", "result", 0, "hDS", "dataset") and "freed_by" not in effect, effect)
    check("a line names its place", line["place"].startswith("gdal.contract:") and line["fails"] == "NULL" and
          "GDALGetRasterBand" in (SOURCE / "shim" / "contracts" / "gdal.contract").read_text().splitlines()[int(line["place"].split(":")[1]) - 1], line)
    effect = next(effect for effect in lines["GEOSPrepare_r", None, None]["effects"] if effect["effect"] == "new")
    check("what is new names what frees it", effect["freed_by"] == ["GEOSPreparedGeom_destroy", "GEOSPreparedGeom_destroy_r"], effect)
    used = {(effect["argument"], effect["name"]) for effect in lines["GEOSPrepare_r", None, None]["effects"] if effect["effect"] == "use"}
    check("other handle arguments are used", used == {(0, "handle"), (1, "g")}, used)
    check("an argument with an effect of its own is not told as used", [effect["effect"] for effect in lines["GDALClose", "3.7", None]["effects"]] == ["closes"], lines["GDALClose", "3.7", None])
    check("the comment above a line is its evidence", "BasicPreparedGeometry.h holds a plain pointer" in lines["GEOSPrepare_r", None, None]["evidence"])
    check("failure values", [lines[name, None, None]["fails"] for name in ("GEOSIntersects_r", "OGR_F_SetGeometryDirectly", "proj_trans")] ==
          ["2", "OGRERR_INVALID_HANDLE", "all HUGE_VAL"], [lines[name, None, None]["fails"] for name in ("GEOSIntersects_r", "OGR_F_SetGeometryDirectly", "proj_trans")])

    expect("contracts NAME: a table, evidence and counts", run("contracts", "GDALClose"), 0, out=["FUNCTION", "<3.7 ", ">=3.7", "closes  0 hDS", "CE_Failure", "Dereference()", "COUNTS"])
    rows = [row.split("\t") for row in run("contracts", "GEOS*_r", "--effect", "borrows", "--format", "tsv").stdout.splitlines()]
    check("wildcards and --effect choose", len(rows) > 3 and all(row[0].startswith("GEOS") and row[0].endswith("_r") and row[4] == "borrows" for row in rows[1:]), rows[:3])
    check("rows are as wide as their heading", {len(row) for row in rows} == {len(rows[0])} and rows[0][0] == "function", rows[:2])
    rows = [row.split("\t") for row in run("contracts", "--library=proj", "--format=tsv").stdout.splitlines()[1:]]
    check("--library chooses", len({row[0] for row in rows}) == document["counts"]["functions"]["proj"] and {row[1] for row in rows} == {"proj"}, rows[:3])
    summary = json.loads(run("contracts", "--summary", "--format", "json").stdout)
    check("--summary is the counts alone", summary["counts"] == document["counts"] and "contracts" not in summary)
    counts = dict((row.split("\t")[0], row.split("\t")[1:]) for row in run("contracts", "--summary", "--format", "tsv").stdout.splitlines())
    check("the counts by library", counts["new"] == [str(document["counts"]["effects"]["new"][name]) for name in counts["effect"]], counts)
    table = run("contracts", "--summary").stdout
    check("the counts as a table", table.startswith("COUNTS") and "GDALClose" not in table, table)

    expect("an unknown function: the nearest names, 2", run("contracts", "GDALCloze", "GDALOpen"), 2, err=["'GDALCloze'", "did you mean GDALClose, "])
    expect("a part of names: says how to ask", run("contracts", "rasterband"), 2, err=["'rasterband'", "'*rasterband*'"])
    expect("nothing like it: says why", run("contracts", "printf"), 2, err=["'printf'", "no handle"])
    expect("wildcards without a match", run("contracts", "GDALnothing*"), 2, err=["matches 'GDALnothing*'"])
    expect("an unknown effect: names them", run("contracts", "--effect", "eats"), 2, err=["'eats'", "borrows, ", "usage"])
    expect("an unknown library", run("contracts", "--library", "java"), 2, err=["gdal, geos or proj"])
    expect("an unknown form", run("contracts", "--format", "xml"), 2, err=["table, tsv or json"])
    expect("a missing value", run("contracts", "--effect"), 2, err=["--effect needs a value"])
    expect("an unknown option", run("contracts", "--functions"), 2, err=["'--functions'"])
    expect("contracts --help", run("contracts", "--help"), 0, out=["usage: holdfast contracts"])


# ---- report -------------------------------------------------------------------------------------------------------------


def stack(function, line, native=()):
    return {"function": function, "python": [{"file": "/home/me/x.py", "line": line, "function": "<module>"}], "native": list(native)}


def violation(pid=12, line=5, **more):
    document = {
        "schema": 1, "type": "violation", "rule": "HF101", "name": "stale-use", "severity": "error",
        "message": "band 1 of dataset 'r.tif' was used after its dataset was freed", "time": "2026-01-02T03:04:05.678Z",
        "pid": pid, "thread": pid, "program": "python3", "mode": "defer", "action": "kept", "function": "GDALChecksumImage",
        "handle": {"kind": "band", "address": "0x1234", "description": "band 1 of dataset 'r.tif'", "library": "/usr/lib/libgdal.so.32"},
        "parents": [{"kind": "dataset", "address": "0x5678", "description": "dataset 'r.tif'"}],
        "change": {"file": "/home/me/x.py", "line": 4, "text": "del dataset"}, "remedy": "keep the dataset until the band is done",
        "stacks": {"used": stack("GDALChecksumImage", line), "obtained": stack("GDALGetRasterBand", 3), "freed": stack("GDALClose", 4)},
    }
    document.update(more)
    return document


SUMMARY = {"schema": 1, "type": "summary", "pid": 12, "program": "python3", "violations": 1, "repeats": 41, "refused": 2, "held": 1,
           "rules": {"HF101": 1}}


def json_log(path, *documents, end=""):
    path.write_text("".join(json.dumps(document) + "\n" for document in documents) + end)
    return str(path)


TEXT_LOG = """==31== Holdfast HF103 double-free (error): feature 7 was freed a second time
==31==   freed now /home/me/y.py:9 in close, by OGR_F_Destroy:  feature.Destroy()
==31==     #0  wrap (_ogr.so+0x1234)
==31==     #1  /home/me/y.py:9 in close
==31==   obtained  /home/me/y.py:3 in open, by OGR_L_GetNextFeature
==31==   freed     /home/me/y.py:7 in close, by OGR_F_Destroy
==31==   Holdfast  the call was refused
==31==   change    /home/me/y.py:9 in close:  drop this second free
==31== 
==31== Holdfast: postponed frees were carried out: hold_max is 64
==31== Holdfast summary: 1 violation (HF103: 1), 6 repeats, 1 refused
"""


def test_report_json(folder):
    log = json_log(folder / "a.12", violation(), {"schema": 1, "type": "notice", "pid": 12, "message": "hold_max reached"}, SUMMARY)
    result = run("report", log)
    expect("report of a JSON log", result, 0, out=[
        "HF101 stale-use (error): band 1 of dataset 'r.tif' was used", "used by GDALChecksumImage", "/home/me/x.py:5 in <module>",
        "obtained by GDALGetRasterBand", "/home/me/x.py:3", "freed by GDALClose", "/home/me/x.py:4  del dataset", "keep the dataset until",
        "the memory was kept alive", "dataset 'r.tif'", "/usr/lib/libgdal.so.32", "hold_max reached", "1 violation ", "41 repeats"])
    other = json_log(folder / "a.13", violation(pid=13), violation(pid=13, line=8, rule="HF102", name="use-after-free"), SUMMARY)
    result = run("report", "--format", "json", log, other)
    document = json.loads(result.stdout)
    counts = [(item["rule"], item["count"], item["processes"]) for item in document["violations"]]
    check("several files are merged, the same violation is counted", counts == [("HF101", 2, [12, 13]), ("HF102", 1, [13])], counts)
    check("totals are added", document["totals"] == {"repeats": 82, "refused": 4, "held": 2}, document["totals"])
    places = [(row["place"], row["count"]) for row in document["places"]]
    check("places, most frequent first", places == [("/home/me/x.py:5", 2), ("/home/me/x.py:8", 1)], places)
    expect("table of several files", run("report", log, other), 0, out=["3 violations (2 different) in 2 files", "processes 12, 13", "logged    2 times"])
    inner = violation()
    inner["stacks"]["used"]["python"].insert(0, {"file": "/usr/lib/python3/dist-packages/osgeo/gdal.py", "line": 99, "function": "Checksum"})
    place = json.loads(run("report", "--format=json", json_log(folder / "inner", inner)).stdout)["places"][0]["place"]
    check("the place is the user's line, not an installed package's", place == "/home/me/x.py:5", place)
    bare = {"schema": 1, "type": "violation", "rule": "HF115", "future": {"more": 1}}
    expect("a violation with nothing but its rule", run("report", json_log(folder / "bare", bare)), 0, out=["HF115", "place unknown"])
    odd = violation(stacks=7, handle=[], parents="x", change=3, message=None, pid="twelve")
    expect("members of wrong types are survived", run("report", json_log(folder / "odd", odd)), 0, out=["HF101"])
    latin = folder / "latin"
    latin.write_bytes(json.dumps(violation(message="dataset 'XY.tif'")).replace("XY", "\xe4").encode("latin-1") + b"\n")
    expect("a JSON log with a file name that is no UTF-8", run("report", str(latin)), 0, out=["dataset '?.tif'"])
    escape = violation(message="dataset '\x1b[2J\u009b31m'")
    result = run("report", json_log(folder / "escape", escape))
    check("control characters do not reach the terminal", "\x1b" not in result.stdout and "\u009b" not in result.stdout, repr(result.stdout))


def test_report_shapes(folder):
    """A leak has no call that is wrong, concurrent use has another thread's."""
    leak = violation(rule="HF115", name="leaked", severity="warning", message="37 datasets were never freed, e.g. dataset 'a.tif'", function="", action="logged",
                     handle_count=37, examples=["dataset 'a.tif'"], stacks={"used": None, "obtained": stack("GDALOpen", 3), "freed": None})
    log = json_log(folder / "leak", leak, leak)
    result = run("report", log)
    expect("report of a leak", result, 0, out=["HF115 leaked (warning): 37 datasets", "37 of this origin", "obtained by GDALOpen", "Holdfast  logged only", "/home/me/x.py:3  HF115"])
    check("a leak has no use", "used" not in result.stdout and "the call went through" not in result.stdout, result.stdout)
    document = json.loads(run("report", "--format", "json", log).stdout)
    found = [(item["count"], item["handle_count"], item["place"]) for item in document["violations"]]
    check("the count of a leak's handles is not that of its reports", found == [(2, 37, "/home/me/x.py:3")], found)

    both = violation(rule="HF112", name="concurrent-use")
    both["stacks"]["other"] = dict(stack("GDALFlushCache", 77), thread=4711)
    both["stacks"]["freed"] = None
    third = violation(rule="HF112", name="concurrent-use")
    third["stacks"]["other"] = dict(stack("GDALFlushCache", 78), thread=4712)
    third["stacks"]["freed"] = None
    result = run("report", json_log(folder / "both", both, third))
    expect("report of another thread", result, 0, out=["meanwhile, in thread 4711, by GDALFlushCache", "/home/me/x.py:77", "2 violations (2 different)"])
    fatal = violation(severity="fatal")
    expect("report of a rule at level fatal", run("report", json_log(folder / "fatal", fatal)), 0, out=["HF101 stale-use (fatal): "])


def test_report_text(folder):
    log = folder / "text.31"
    log.write_text(TEXT_LOG)
    expect("report of a text log", run("report", str(log)), 0, out=[
        "HF103 double-free (error): feature 7 was freed a second time", "/home/me/y.py:9 in close", "6 repeats", "1 call refused", "hold_max is 64"])
    document = json.loads(run("report", "--format", "json", str(log)).stdout)
    check("place in a text log", document["places"][0]["place"] == "/home/me/y.py:9", document["places"])
    native = TEXT_LOG.replace("/home/me/y.py:9 in close, by", "main (program+0x1234), by")
    place = json.loads(run("report", "--format", "json", "-", input=native).stdout)["places"][0]["place"]
    check("a native place in a text log", place == "main (program+0x1234)", place)
    two = "".join(left + "program says hello\n" + left.replace("31==", "32==") for left in TEXT_LOG.splitlines(keepends=True))
    log.write_text(two)
    document = json.loads(run("report", "--format", "json", str(log)).stdout)
    check("two processes interleaved in a saved stderr", [(item["count"], item["processes"]) for item in document["violations"]] == [(2, [31, 32])], document)
    expect("standard input", run("report", "-", input=TEXT_LOG), 0, out=["HF103"])
    both = folder / "both"
    json_log(both, violation(), end=TEXT_LOG)
    expect("text and JSON in one file", run("report", str(both)), 0, out=["HF101", "HF103", "2 violations"])
    log.write_bytes(TEXT_LOG.replace("feature 7", "feature ü7").encode("latin-1"))
    expect("a text log that is no UTF-8", run("report", str(log)), 0, out=["feature ?7"])


def test_report_damage(folder):
    good = json_log(folder / "good", violation())
    expect("no file: 2", run("report"), 2, err=["which file", "usage"])
    expect("wrong format: 2", run("report", "--format", "xml", good), 2, err=["'xml'"])
    expect("wrong option: 2", run("report", "--nothing", good), 2, err=["--nothing"])
    bad = folder / "bad"

    def damaged(what, content, *messages, shown=()):
        bad.write_bytes(content if isinstance(content, bytes) else content.encode())
        expect(what + ": 1, named, the good file is still shown", run("report", str(bad), good), 1, out=["HF101", *shown], err=[str(bad), *messages])

    damaged("empty file", "", "empty")
    damaged("foreign text", "hello\nworld\n", "no Holdfast log")
    damaged("foreign binary", bytes(range(256)) * 20, "no Holdfast log")
    damaged("foreign JSON", '{"a": 1}\n', "no Holdfast log")
    damaged("valgrind log", "==12== Memcheck, a memory error detector\n==12== \n", "no Holdfast log")
    line = json.dumps(violation(rule="HF104", name="freed-borrowed")) + "\n"
    damaged("truncated JSON log", line + line[:100], "middle of line 2", shown=["HF104"])
    damaged("damaged line", line + line[:50] + "\n" + line, "line 2 is damaged", shown=["HF104"])
    damaged("zero bytes", line.encode() + b"\0" * 64 + b"\n", "zero bytes", shown=["HF104"])
    damaged("truncated text log", TEXT_LOG[:150], "middle of a report", shown=["HF103"])
    damaged("newer schema", json.dumps(violation(schema=2)) + "\n", "schema 2", "knows schema 1")
    damaged("violation without rule", line + json.dumps({"schema": 1, "type": "violation"}) + "\n", "without a rule")
    damaged("arena that is only its magic", b"HOLDFAST")
    damaged("arena of garbage", b"HOLDFAST" + b"\xff" * 5000)
    expect("file that is not there", run("report", str(folder / "none"), good), 1, out=["HF101"], err=["none", "No such file"])
    expect("directory that cannot be read", run("report", str(folder / "none" / "at"), good), 1, out=["HF101"], err=["No such file"])
    document = json.loads(run("report", "--format", "json", str(bad)).stdout)
    check("problems are in the JSON document", len(document["problems"]) == 1 and document["problems"][0]["file"] == str(bad), document)


def test_symbols(folder):
    source = folder / "program.c"
    source.write_text("int inner(int x)\n{\n    return x + 1;\n}\nint main(void) { return inner(0); }\n")
    program = folder / "program"
    for link in ("-pie", "-no-pie"):
        subprocess.run(["cc", "-g", "-fno-pie" if link == "-no-pie" else "-fPIE", link, "-Wl,--build-id", "-o", program, source], check=True)
        names = subprocess.run(["nm", program], capture_output=True, text=True, check=True).stdout.splitlines()
        offset = [int(name.split()[0], 16) for name in names if name.endswith(" T inner")][0]
        frame = {"module": str(program), "offset": hex(offset + 4)}
        document = violation(stacks={"used": {"function": "GDALClose", "python": [], "native": [frame]}, "obtained": None, "freed": None})
        log = json_log(folder / "native", document)
        expect("native frame with file and line (%s)" % link, run("report", log), 0, out=["inner  ", "program.c:"])
        place = json.loads(run("report", "--format", "json", log).stdout)["places"][0]["place"]
        check("the place of a native program is its line (%s)" % link, place.startswith(str(source) + ":"), place)
        frame["build_id"] = "00" * 20
        expect("another build is not symbolised (%s)" % link, run("report", json_log(folder / "native", document)), 0,
               out=["program+0x", "another build"])
    frame = {"module": "/nowhere/lib.so", "offset": "0x12", "symbol": "thing+0x2"}
    document = violation(stacks={"used": {"function": "GDALClose", "python": [], "native": [frame]}})
    expect("module that is not here: the log's symbol", run("report", json_log(folder / "native", document)), 0, out=["thing+0x2", "/nowhere/lib.so"])


ARENA_WRITER = r"""
#include "rules.h"
#include "tracker.h"
#include <string.h>
static struct tracker tracker;
static string_id text(const char *words) { return tracker_string(&tracker, words, strlen(words)); }
int main(int count, char **arguments)
{
    char error[256];
    const uint8_t build_id[] = {0xab, 0xcd};
    if (count != 2 || !tracker_open(&tracker, arguments[1], 1 << 20, "writer", error, sizeof error))
        return 1;
    uint32_t frame = tracker_python_frame(&tracker, "/home/me/z.py", 13, "work", 4, 17);
    uint32_t module = tracker_module(&tracker, "/nowhere/_gdal.so", 0x1000, 0x9000, build_id, sizeof build_id);
    uint64_t word = (uint64_t)module << STACK_MODULE_SHIFT | 0x345;
    stack_id stack = tracker_stack(&tracker, &word, 1, &frame, 1, 0);
    struct event_record event = {.type = EVENT_violation, .address = 0x4711, .stack = stack, .birth_stack = stack, .rule = 101,
                                 .action = ACTION_kept, .label = text("band 1 of dataset 'r.tif'"), .detail = text("dataset 'r.tif'"),
                                 .function_name = text("GDALChecksumImage")};
    tracker_event(&tracker, &event);
    tracker_event(&tracker, &event);
    tracker_count(&tracker, COUNTER_violations);
    tracker_count(&tracker, COUNTER_violations);
    tracker_count(&tracker, COUNTER_refusals);
    tracker_count(&tracker, COUNTER_dropped_edges);
    tracker_close(&tracker);
    return 0;
}
"""


def test_report_arena(folder):
    writer, arena = str(folder / "writer"), folder / "arena.1"
    library = next((pathlib.Path(sys.argv[1]) / "tracker").glob("libtracker*.a"))
    source = folder / "writer.c"
    source.write_text(ARENA_WRITER)
    subprocess.run(["cc", "-D_GNU_SOURCE", "-I", SOURCE / "tracker", "-o", writer, source, library, "-pthread"], check=True)
    subprocess.run([writer, arena], check=True)
    expect("report of an arena", run("report", str(arena)), 0, out=[
        "HF101 stale-use (error): band 1 of dataset 'r.tif'", "used by GDALChecksumImage", "/home/me/z.py:17 in work", "/nowhere/_gdal.so+0x345",
        "0x4711", "logged    2 times", "the memory was kept alive", "writer ended properly", "1 relations not recorded", "1 call refused"])
    document = json.loads(run("report", "--format", "json", str(arena)).stdout)
    native = document["violations"][0]["stacks"]["used"]["native"][0]
    check("native frames of an arena", native == {"module": "/nowhere/_gdal.so", "build_id": "abcd", "offset": "0x345"}, native)
    good = json_log(folder / "good", violation())
    whole = arena.read_bytes()
    for what, content, message in (("truncated", whole[:50000], "truncated"), ("newer", whole[:8] + b"\x09" + whole[9:], "version 9"),
                                   ("damaged", whole[:24] + b"\xff" * 8 + whole[32:], "damaged header")):
        arena.write_bytes(content)
        result = run("report", str(arena), good)
        expect("%s arena: 1, named, the good file is still shown" % what, result, 1, out=["HF101"], err=[str(arena), message, "again"])
        check("the name of the %s arena stands there once" % what, result.stderr.count(str(arena)) == 1, result.stderr)


def test_manual():
    page = pathlib.Path(sys.argv[1]) / "tools" / "holdfast.1"
    text = page.read_text().replace("\\-", "-")
    table = (SOURCE / "shim" / "options.def").read_text().splitlines()
    names = [line[len("OPTION("):].split(",")[0] for line in table if line.startswith("OPTION(")]
    check("the manual page has every option", names and all(".BR %s " % name in text for name in names))
    check("nothing unfilled in the manual page", not re.search("@[A-Z]+@", text))
    for option in ("--mode", "--log-path", "--log-format", "--error-exitcode", "--option", "--library", "--effect", "--summary"):
        check("the manual page has " + option, option in text)


def main():
    global LIBRARY
    with tempfile.TemporaryDirectory(prefix="command_test-") as name:
        root = pathlib.Path(name).resolve()
        LIBRARY = str(root / "libholdfast.so")
        subprocess.run(["cc", "-shared", "-fPIC", "-o", LIBRARY, "-x", "c", "-"], input=STAND_IN, text=True, check=True)
        test_command()
        test_arguments()
        test_run_usage()
        test_signals()
        test_files_and_dispositions()
        test_explain()
        test_contracts()
        test_manual()
        for test in (test_run_programs, test_run_environment, test_error_exitcode, test_report_json, test_report_shapes, test_report_text,
                     test_report_damage, test_report_arena, test_symbols):
            folder = root / test.__name__
            folder.mkdir()
            test(folder)
    print("%d failed" % len(failures) if failures else "all fine")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
