"""What `holdfast run` makes of a run: flags for all options, one document and one summary of all its processes, records, quiet, with and without what the program starts.

usage: run_test.py BUILD_DIRECTORY
"""
import json
import os
import pathlib
import re
import signal
import sys

from support import COMMAND, PYTHON, check, check_equal, finish, run, skip, workshop

SOURCE = pathlib.Path(__file__).resolve().parents[2]
OPTIONS = re.findall(r"^OPTION\((\w+), (\w+), (.*?), \"", (SOURCE / "shim" / "options.def").read_text(), re.M)
VALUES = {"mode": "reject", "borrowed": "live", "destination": "syslog", "path": "/some/where", "format": "json", "bytes": "8m", "count": "7", "signal": "USR2", "flag": "1", "seconds": "9",
          "leaks": "all", "levels": "HF106=off", "files": "/dev/null"}

MISTAKE = """
from osgeo import gdal
gdal.UseExceptions()
def mistake():
    dataset = gdal.GetDriverByName("MEM").Create("", 2, 2)
    band = dataset.GetRasterBand(1)
    del dataset
    return band.XSize  # after its dataset
mistake()
"""
# The program makes one mistake, a program that it starts another, and a fork a third; something is left at the end.
PARENT = MISTAKE + """
import os, subprocess, sys
print("parent", flush=True)
print(subprocess.run([sys.executable, "child.py"], stdout=subprocess.PIPE, text=True).stdout, end="", flush=True)
if os.fork() == 0:
    exec(compile("\\n" * 50 + open("child.py").read(), "fork.py", "exec"))
    os._exit(0)
os.wait()
sys.exit(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
"""
CHILD = MISTAKE + 'print("child")\n'
GOOD = "from osgeo import gdal\ndataset = gdal.GetDriverByName('MEM').Create('', 2, 2)\nprint(dataset.GetRasterBand(1).XSize)\n"


def holdfast(*words, **more):
    return run([COMMAND, "run", *words], preload=False, **more)


def options_seen(*words):
    """What HOLDFAST_OPTIONS the program gets."""
    result = holdfast(*words, "--", "sh", "-c", 'echo "$HOLDFAST_OPTIONS"')
    return result.stdout.strip() if result.status == 0 else str(result)


def test_flags():
    listed = holdfast("--help").stdout
    for name, kind, _ in OPTIONS:
        if name == "help":
            continue
        flag = "--" + name.replace("_", "-")
        wanted = "%s=%s" % (name, VALUES[kind])
        ways = [[flag + "=" + VALUES[kind]], ["--%s=%s" % (name, VALUES[kind])], ["--option", wanted]]
        ways += [[flag]] if kind == "flag" and flag != "--gen-suppressions" else [[flag, VALUES[kind]]] if kind != "flag" else []
        if name == "gen_suppressions_path":  # --gen-suppressions=FILE is its flag
            continue
        if name in ("gen_suppressions", "record", "suppressions"):
            ways = [["--option", wanted]]  # these flags do more
        wrong = [(way, seen) for way in ways for seen in [options_seen(*way)] if seen != wanted]
        check("%s as a flag, and as an option" % flag, not wrong, wrong)
        check("... and --help lists it", re.search(r"^  %s(\[=| |$)" % flag, listed, re.M), listed[-3000:])
    check_equal("--no-crash", "crash=0", options_seen("--no-crash"))
    check_equal("several, in their order", "mode=reject:leaks=all:stats=1", options_seen("--mode", "reject", "--leaks=all", "--stats"))
    check_equal("names of variables are no path", "worker_env=POD_NAME", options_seen("--worker-env", "POD_NAME"))
    check_equal("holdfast help run is the same as run --help", listed, run([COMMAND, "help", "run"], preload=False).stdout)
    for words, told in ((["--mod", "reject"], "'--mod', did you mean --mode"), (["--holdmax=3"], "did you mean --hold-max"), (["--option", "leak=all"], "did you mean 'leaks'"),
                        (["--quite"], "did you mean --quiet"), (["--fancy-new-thing"], "no option '--fancy-new-thing'; if it belongs"), (["--quiet=1"], "takes no value"),
                        (["--no-leaks"], "no option '--no-leaks'"), (["--hold-max", "many"], "'many' is wrong: it must be a number"), (["--leaks"], "--leaks needs a value: off, data or all"),
                        (["--stats=7"], "it must be 0 or 1"), (["--html", ""], "the path is empty")):
        result = holdfast(*words) if words == ["--leaks"] else holdfast(*words, "true")
        check("%s: %s" % (" ".join(words), told), result.status == 2 and told in result.stderr, result)


def summary(result):
    """The lines of `holdfast run` itself."""
    return [line[len("holdfast run: "):] for line in result.stderr.splitlines() if line.startswith("holdfast run: ")]


def places(document):
    return sorted((os.path.basename(place["place"]), place["count"]) for place in document["places"])


def test_documents(folder):
    (folder / "parent.py").write_text(PARENT)
    (folder / "child.py").write_text(CHILD)
    (folder / "good.py").write_text(GOOD)
    line = 1 + MISTAKE.splitlines().index("    return band.XSize  # after its dataset")
    all_places = [("child.py:%d" % line, 1), ("fork.py:%d" % (line + 50), 1), ("parent.py:%d" % line, 1)]
    temporary = folder / "tmp"
    temporary.mkdir()
    env = {"TMPDIR": str(temporary)}
    result = holdfast("--json", "out.json", "--", PYTHON, "parent.py", 5, cwd=folder, env=env)
    check("--json: output and status are the program's", (result.status, result.stdout) == (5, "parent\nchild\nchild\n"), result)
    document = json.loads((folder / "out.json").read_text())
    check_equal("... one document of program, child and fork", all_places, places(document))
    lines = summary(result)
    check("... and one summary: counts, rules, places, what was done, the file", lines[0].startswith("3 violations") and re.search("3 +HF101 stale-use", lines[1]) and
          len([one for one in lines if re.match(r" +1  .*\.py:\d+  HF101$", one)]) == 3 and re.search("[0-9]+ calls? refused, [0-9]+ frees? postponed\n", "\n".join(lines)) and
          lines[-1] == "written: %s" % (folder / "out.json"), result)
    check("... and nothing else on stderr", len(lines) == len(result.stderr.splitlines()), result)
    check_equal("... and nothing is left in the temporary folder", [], list(temporary.iterdir()))

    result = holdfast("--json", "none.json", "--html", "/nowhere/x.html", "--", PYTHON, "-c", "print('ran')", cwd=folder)
    check("a document that cannot be written: said before the program runs, status 2", result.status == 2 and "--html '/nowhere/x.html' cannot be written" in result.stderr and "ran" not in result.stdout, result)
    result = holdfast("--json", "none.json", "--log", "syslog", "true", cwd=folder)
    check("reports that go to a service cannot be collected: said, status 2", result.status == 2 and "they go to syslog" in result.stderr, result)
    result = holdfast("--json", "good.json", "--", PYTHON, "good.py", cwd=folder)
    document = json.loads((folder / "good.json").read_text())
    check("a right program: an empty document, no complaint", (result.status, result.stdout, document["violations"], document["problems"]) == (0, "2\n", [], []) and
          summary(result) == ["no violation was found", "written: %s" % (folder / "good.json")], (result, document))
    result = holdfast("--quiet", "--json", "quiet.json", "--", PYTHON, "parent.py", cwd=folder)
    check("--quiet: not a word", (result.status, result.stderr) == (0, "") and places(json.loads((folder / "quiet.json").read_text())) == all_places, result)
    result = holdfast("--quiet", "--error-exitcode", 9, "--", PYTHON, "parent.py", cwd=folder)
    check("--quiet alone, and with --error-exitcode: the status tells", (result.status, result.stderr) == (9, ""), result)

    html = run([COMMAND, "report", "--format", "html", "/dev/null"], preload=False)
    if html.status == 2:
        skip("--html", "holdfast report has no format html")
    else:
        result = holdfast("--html", "out.html", "--", PYTHON, "parent.py", cwd=folder)
        page = (folder / "out.html").read_text()
        check("--html: one page of all three", result.status == 0 and "<html" in page and "child.py" in page and "fork.py" in page and "parent.py" in page, result)

    # Files of their own: per process, kept, and those of earlier runs are not told again.
    first = holdfast("--log-path", "logs", "--json", "first.json", "--", PYTHON, "child.py", cwd=folder)
    second = holdfast("--log-path", "logs", "--log-format", "json", "--json", "second.json", "--", PYTHON, "parent.py", cwd=folder)
    check_equal("--log-path and --json: the text log of the one process", [("child.py:%d" % line, 1)], places(json.loads((folder / "first.json").read_text())))
    check_equal("... the next run has its own alone, in any format", all_places, places(json.loads((folder / "second.json").read_text())))
    check_equal("... and the files stay, one a process", 4, len(list(folder.glob("logs.*"))))
    check("... nothing but the summary on stderr", all(line.startswith("holdfast run: ") for line in (first.stderr + second.stderr).splitlines()), (first, second))
    odd = folder / "odd [x]*"
    odd.mkdir()
    result = holdfast("--log-path", odd / "log", "--json", "odd.json", "--", PYTHON, "child.py", cwd=folder)
    check_equal("a folder whose name looks like a pattern", [("child.py:%d" % line, 1)], places(json.loads((folder / "odd.json").read_text())))
    result = holdfast("--json", "given.json", "--", PYTHON, "child.py", cwd=folder, env={"HOLDFAST_OPTIONS": "log=file:%s/given" % folder})
    check("a log that HOLDFAST_OPTIONS names is taken as it is", places(json.loads((folder / "given.json").read_text())) == [("child.py:%d" % line, 1)] and len(list(folder.glob("given.[0-9]*"))) == 1, result)

    result = holdfast("--no-follow", "--json", "alone.json", "--", "sh", "-c", "true; exec %s parent.py" % PYTHON, cwd=folder)
    check_equal("--no-follow: the program, what it becomes and its fork, not what it starts", [("fork.py:%d" % (line + 50), 1), ("parent.py:%d" % line, 1)], places(json.loads((folder / "alone.json").read_text())))
    result = holdfast("--no-follow", "--", PYTHON, "parent.py", cwd=folder)
    check("... also where the command becomes the program", (result.status, result.reports) == (0, ["HF101", "HF101"]), result)
    result = holdfast("--follow", "--", PYTHON, "child.py", cwd=folder)
    check("--follow is what it does anyway", (result.status, result.reports) == (0, ["HF101"]), result)


def test_records(folder):
    (folder / "child.py").write_text(CHILD)
    (folder / "good.py").write_text(GOOD)
    result = holdfast("--record", "work.hf", "--", PYTHON, "child.py", cwd=folder)
    records = list(folder.glob("work.hf.*"))
    check("--record: the record, and the report on stderr as always", (result.status, result.reports, len(records)) == (0, ["HF101"], 1), result)
    lines = summary(result)
    check("... the summary names it", lines[0].startswith("1 violation,") and lines[-1] == "record: %s" % records[0].resolve(), lines)
    shown = run([COMMAND, "report", records[0]], preload=False)
    check("... and holdfast report reads it", shown.status == 0 and "HF101" in shown.stdout, shown)
    alone = holdfast("--json", "alone.json", "--", PYTHON, "child.py", cwd=folder)
    both = holdfast("--json", "both.json", "--record", "both.hf", "--", PYTHON, "child.py", cwd=folder)
    told = [json.loads((folder / name).read_text())["totals"] for name in ("alone.json", "both.json")]
    check("log and record of one process are counted once", told[0] == told[1] and told[0]["held"] == 1 and len(list(folder.glob("both.hf.*"))) == 1, (told, alone, both))
    check_equal("... and the record is named all the same", 1, len([line for line in summary(both) if line.startswith("record: ")]))
    result = holdfast("--record", "good.hf", "--", PYTHON, "good.py", cwd=folder)
    check("of a right program none stays", (result.status, result.stdout, summary(result), list(folder.glob("good.hf*"))) == (0, "2\n", ["no violation was found"], []), result)
    result = holdfast("--record", "%e-%p.hf", "--record-keep", "--", PYTHON, "good.py", cwd=folder)
    records = list(folder.glob("python3-*.hf"))
    check("a pattern of names", len(records) == 1 and summary(result)[-1] == "record: %s" % records[0].resolve(), result)

    crash = "import ctypes\n" + GOOD + "ctypes.string_at(0)\n"
    (folder / "crash.py").write_text(crash)
    result = holdfast("--record", "crash.hf", "--json", "crash.json", "--", PYTHON, "crash.py", cwd=folder)
    check("a crash: the program's own signal", result.signal == signal.SIGSEGV and result.stdout == "2\n", result)
    check("... told in the summary", any("crashed: SIGSEGV at address 0x0" in line for line in summary(result)), result)
    killed = "import os, signal\n" + MISTAKE + "os.kill(os.getpid(), signal.SIGKILL)\n"
    (folder / "killed.py").write_text(killed)
    result = holdfast("--record", "killed.hf", "--", PYTHON, "killed.py", cwd=folder)
    check("SIGKILL: the record is there, and the summary has what it tells", result.signal == signal.SIGKILL and summary(result)[0].startswith("1 violation,") and
          summary(result)[-1].startswith("record: "), result)
    (folder / "mistake.py").write_text(MISTAKE)
    result = holdfast("--json", "cut.json", "--log-path", "cut", "--", "sh", "-c", "'%s' mistake.py; for log in cut.*; do : > $log; done" % PYTHON, cwd=folder)
    check("a log of which nothing is left (a full disk): it is not said that there was nothing", "no violation was found" not in result.stderr and
          "no violation is in what could be read; of 1 file nothing or not all could" in result.stderr and "is empty" in result.stderr, result)
    leak = "from osgeo import ogr\nkept = ogr.Geometry(ogr.wkbPoint)\nkept.thisown = False\ndel kept\n"
    (folder / "leak.py").write_text(leak)
    result = holdfast("--json", "leak.json", "--leaks", "all", "--", PYTHON, "leak.py", cwd=folder)
    count = re.search("([0-9]+) never freed", result.stderr)
    check("leaks are counted in the summary", count is not None and int(count.group(1)) >= 1 and "HF115" in result.stderr, result)


with workshop() as folder:
    for test, place in ((test_documents, "documents"), (test_records, "records")):
        (folder / place).mkdir()
        test((folder / place).resolve())
    test_flags()
sys.exit(finish())
