"""What holdfast report and holdfast run make of a process that crashed, after a loop of mistakes that its log counts, and of one that was killed in it or with frees postponed.

usage: crashes_test.py BUILD_DIRECTORY
"""
import json
import os
import re
import signal
import sys
import xml.etree.ElementTree

from browser import Browser, find_browser
from support import COMMAND, PYTHON, check, check_equal, environment, finish, run, skip, workshop

MISTAKES = """
import ctypes, os, signal, sys
from osgeo import gdal, ogr
def tile(name):
    dataset = gdal.Open(name)
    band = dataset.GetRasterBand(1)
    dataset = None
    return band.Checksum()          # three calls of the C API: the first is told, the others are counted
gdal.GetDriverByName("GTiff").Create("tile.tif", 8, 8)
for turn in range(20):
    tile("tile.tif")
"""
CRASH = MISTAKES + "ctypes.string_at(16)            # the crash\n"
KILLED = MISTAKES + "os.kill(os.getpid(), signal.SIGKILL)\n"
HELD = """
import os, signal
from osgeo import ogr
dataset = ogr.GetDriverByName("Memory").CreateDataSource("m")
layer = dataset.CreateLayer("roads")
kept = []
for turn in range(7):
    feature = ogr.Feature(layer.GetLayerDefn())
    feature.SetGeometry(ogr.CreateGeometryFromWkt("POINT (1 1)"))
    kept.append(feature.GetGeometryRef())
    del feature
os.kill(os.getpid(), signal.SIGKILL)
"""


def line_of(source, words):
    return next(number for number, line in enumerate(source.splitlines(), 1) if words in line)


def write(folder, name, source):
    (folder / name).write_text(source)
    return name


def report(*files, form="json"):
    done = run([COMMAND, "report", "--format", form, *files], preload=False)
    check("report reads %s" % ", ".join(path.name.rsplit(".", 1)[0] for path in files), done.status == 0, done)
    return json.loads(done.stdout) if form == "json" else done.stdout


def sums(document):
    """Violations told, and how many happened."""
    told = sum(rule["count"] for rule in document["rules"])
    return told, told + document["totals"].get("repeats", 0)


def crashes(document):
    return [notice for notice in document["notices"] if notice["type"] == "crash"]


def test_reports(folder):
    program = write(folder, "crash.py", CRASH)
    where = "crash.py:%d in <module>" % line_of(CRASH, "# the crash")
    for form in ("text", "json", "otlp"):
        result = run([PYTHON, program], cwd=folder, options={"log_format": form, "log_path": form + ".log", "record": form + ".hf"})
        check("%s: it crashes" % form, result.signal == signal.SIGSEGV, result)
        [log], [record] = folder.glob(form + ".log.*"), folder.glob(form + ".hf.*")
        for what, files in (("log", [log]), ("record", [record]), ("log and record", [log, record])):
            document = report(*files)
            found = crashes(document)
            check("%s, %s: one crash, with all that is said of it" % (form, what), len(found) == 1 and document["totals"].get("crashes") == 1 and found[0]["message"].startswith("SIGSEGV at address 0x10"), document["notices"])
            text = report(*files, form="text")
            check("... and people are told of it, and where", "\ncrash (error): SIGSEGV at address 0x10" in text and where in text.split("\ncrash (error)")[1] and ", 1 crash" in text.split("Summary: ")[1], text)
            check("... and a record does not call it killed", what == "log" or any("python3 crashed; " in notice["message"] for notice in document["notices"]), document["notices"])
            known = folder / "known.json"
            run([COMMAND, "report", "--write-baseline", known, *files], preload=False)
            statuses = [run([COMMAND, "report", *arguments, *files], preload=False).status for arguments in
                        (["--baseline", known], ["--baseline", known, "--fail-on", "fatal"], ["--baseline", known, "--fail-on", "never"], ["--fail-on", "error", "--rule", "HF115"])]
            check_equal("... and a crash fails as no known violation does, unless nothing shall or other things are asked for", [3, 3, 0, 0], statuses)
            # 20 times three calls; what a log in OTLP counted only is not in it
            check("... 60 mistakes happened", sums(document)[1] == 60, sums(document))
    return folder / "crash.py"


def test_killed(folder):
    """It writes no summary, so nobody but its record knows how often it was."""
    program = write(folder, "killed.py", KILLED)
    for form in ("text", "json"):
        run([PYTHON, program], cwd=folder, options={"log_format": form, "log_path": "killed-%s.log" % form, "record": "killed-%s.hf" % form})
        document = report(*folder.glob("killed-%s.log.*" % form), *folder.glob("killed-%s.hf.*" % form))
        check_equal("%s: of a process that was killed the record counts the repeats" % form, (1, 60), sums(document))
        known = folder / "killed.json"
        run([COMMAND, "report", "--write-baseline", known, *folder.glob("killed-%s.log.*" % form)], preload=False)
        check_equal("... and what is known of it fails nothing", 0, run([COMMAND, "report", "--baseline", known, *folder.glob("killed-%s.log.*" % form)], preload=False).status)
        check("... and it did not crash", not crashes(document) and "crashes" not in document["totals"] and "was killed" in document["notices"][0]["message"], document["notices"])


def test_held(folder):
    run([PYTHON, write(folder, "held.py", HELD)], cwd=folder, options={"record": "held.hf"})
    [record] = folder.glob("held.hf.*")
    notices = [notice["message"] for notice in report(record)["notices"]]
    held = [text for text in notices if text.startswith("held:")]
    numbers = [re.search("held: ([0-9]+) (feature, (?:its free|their frees) by OGR_F_Destroy at .*held.py:%d in <module> (?:is|are) postponed|young handles?, whose frees? (?:is|are) postponed)$" % line_of(HELD, "del feature"), text)
               for text in held]
    check("what one line holds is told in one line, the young ones in another", len(held) <= 2 and all(numbers) and sum(int(number.group(1)) for number in numbers) == 7, held)
    check("... and all are counted", ", 7 frees postponed" in notices[0], notices[0])
    calls = next((int(text.split(" ", 1)[0]) for text in notices if " calls looked at, " in text), 0)
    check("calls are counted up to the end, though the process added them up seldom", calls >= 7 * 4, calls)
    check("... and what nobody timed is not said to have taken no time", not any(" about 0 us" in text for text in notices), notices)


def test_run(folder):
    program = write(folder, "run.py", CRASH)
    for name, more in (("record", ("--record", "one.hf")), ("text", ("--json", "two.json", "--log-path", "two.log")), ("both", ("--json", "three.json", "--record", "three.hf", "--log-path", "three.log"))):
        result = run([COMMAND, "run", *more, "--", PYTHON, program], preload=False, cwd=folder)
        check("holdfast run, %s: the crash is in the summary, once" % name, result.signal == signal.SIGSEGV and len(re.findall(r"^holdfast run: process \d+ crashed: SIGSEGV at address 0x10", result.stderr, re.MULTILINE)) == 1, result)
        check("... which does not say that all was freed", "0 never freed" not in result.stderr, result)


def test_fleet(folder):
    """A thousand notices do not crowd a crash out, and of many crashes the first are shown and all are counted."""
    path = folder / "many.log"
    with path.open("w") as out:
        for pid in range(1, 1101):
            out.write(json.dumps({"schema": 1, "type": "notice", "pid": pid, "message": "n"}) + "\n")
        for pid in range(1, 131):
            out.write(json.dumps({"schema": 1, "type": "crash", "pid": pid, "message": "SIGSEGV in \x1b[31m<b>%d" % pid}) + "\n")
    document = report(path)
    check("of 130 crashes 100 are shown, all counted, and it is said", len(crashes(document)) == 100 and document["totals"]["crashes"] == 130 and any("30 more crashes" in notice["message"] for notice in document["notices"]), document["totals"])
    (folder / "many.json").write_text(json.dumps(document))
    again = report(folder / "many.json", path)
    check("... and a report of before adds all of its own", len(crashes(again)) == 100 and again["totals"]["crashes"] == 260, again["totals"])
    text = report(path, form="text")
    check("what a log says of a crash cannot steer the terminal", "\x1b" not in text and "crash (error): SIGSEGV in \\x1b[31m<b>1\n" in text, text[:300])
    odd = folder / "odd.log"
    odd.write_text('{"schema":1,"type":"crash"}\n{"schema":1,"type":"crash","pid":"x","handle":[],"stacks":{"crashed":7},"message":{}}\n==5== Holdfast crash (error): \n==5==   crashed\n')
    done = run([COMMAND, "report", odd], preload=False)
    check("odd crashes are shown or said", done.status in (0, 1) and "Summary: 0 violations" in done.stdout, done)


def test_left_record(record):
    done = run([COMMAND, "top", "--interval", "0.1", record], preload=False, timeout=60)
    check("top on the record of a process that crashed: one look, and it says that the process is gone", done.status == 0 and done.stdout.count("  process ") == 1 and "is gone: this is what it left" in done.stderr, done)
    done = run([COMMAND, "graph", record], preload=False)
    check("graph says how it ended", done.status == 0 and re.match("python3, process [0-9]+, crashed: ", done.stdout), done)


def test_damage(folder, record):
    """The reader makes something of nearly any bytes: that it did says nothing of them."""
    damaged = folder / "damaged.hf"
    content = bytearray(record.read_bytes())
    content[5000:20000] = bytes(byte ^ 0x5a for byte in content[5000:20000])
    damaged.write_bytes(content)
    sound, done = (run([COMMAND, "report", path], preload=False) for path in (record, damaged))
    check("a record of a crash is sound", sound.status == 0 and not sound.stderr, sound)
    check("a damaged record is shown, said to be damaged, and makes a bad status", done.status == 1 and "damaged.hf: is damaged in " in done.stderr and "Summary: " in done.stdout, done)


def test_cases(folder):
    """A view of tests that shows green has no crash in it."""
    log = folder / "alone.log"
    log.write_text("==7== Holdfast crash (error): SIGSEGV at address 0x10 in <thread> 7\n==7==   crashed\n==7==     #0  work.py:9 in <module>\n==7== \n")
    for form in ("junit", "gitlab"):
        suite = xml.etree.ElementTree.fromstring(report(log, form=form)).find("testsuite")
        cases = suite.findall("testcase")
        check("%s: a crash is an error, with where" % form, [case.get("name") for case in cases] == ["crash of process 7"] and cases[0].find("error").get("message") == "SIGSEGV at address 0x10 in <thread> 7" and
              "work.py:9 in <module>" in cases[0].find("error").text and (suite.get("tests"), suite.get("errors"), suite.get("failures")) == ("1", "1", "0"), [xml.etree.ElementTree.tostring(case) for case in cases])


def test_page(folder, log, record):
    if find_browser() is None:
        return skip("crashes in the page", "no Chromium is installed")
    page = folder / "page.html"
    page.write_text(report(log, record, form="html"))
    with Browser() as browser:
        browser.open(page)
        check("the page says in its first line that there was a crash", "1 crash ·" in browser.value("document.getElementById('subtitle').textContent"))
        browser.key("2")
        shown = browser.value("document.querySelector('main').innerText")
        check("... and shows where, with the line of source", "SIGSEGV at address 0x10" in shown and "ctypes.string_at(16)" in shown and "Crashed" in shown, shown)
        check("... without complaint", not browser.complaints, browser.complaints)


def main():
    with workshop() as place:
        folder = place.resolve()
        test_reports(folder)
        test_killed(folder)
        test_held(folder)
        test_run(folder)
        test_fleet(folder)
        test_cases(folder)
        [log], [record] = folder.glob("json.log.*"), folder.glob("json.hf.*")
        test_left_record(record)
        test_damage(folder, record)
        test_page(folder, log, record)
    return finish()


if __name__ == "__main__":
    sys.exit(main())
