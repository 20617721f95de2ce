"""`holdfast report` and `holdfast diff` of a fleet: what is merged, chosen, sorted and failed on, every format, signatures, baselines, and files that nobody should have
to read.

usage: report_test.py BUILD_DIRECTORY

SARIF is checked against the schema of the npm package @microsoft/jest-sarif, JUnit against junit-10.xsd of pytest's source on PyPI; both come to BUILD_DIRECTORY/schemas
once, through the package managers, and those two checks are skipped where they cannot be had.
"""
import copy
import csv
import gzip
import io
import json
import os
import pathlib
import pty
import re
import shutil
import subprocess
import sys
import tarfile
import time

from support import BUILD, COMMAND, FOLDER, PYTHON, check, check_equal, compile_c, environment, finish, gdal_flags, run, run_python, skip, workshop

SCHEMAS = BUILD / "schemas"


def holdfast(*arguments, **more):
    return run([COMMAND, *arguments], preload=False, **more)


def report(*arguments, status=0):
    done = holdfast("report", "--format", "json", *arguments)
    check("... status %d" % status, done.status == status, done)
    return json.loads(done.stdout)


def frame(file, line, function):
    return {"file": file, "line": line, "function": function}


def violation(pid=12, line=5, rule="HF101", moment="2026-01-02T03:04:05.678Z", file="/home/me/project/x.py", function="work", **more):
    stacks = {"used": {"function": "GDALChecksumImage", "python": [frame("/usr/lib/python3/dist-packages/osgeo/gdal.py", 99, "Checksum"), frame(file, line, function)],
                       "native": [{"module": "/usr/lib/_gdal.so", "offset": "0x1234", "symbol": ""}]},
              "obtained": {"function": "GDALGetRasterBand", "python": [frame(file, 3, function)], "native": []},
              "freed": {"function": "GDALClose", "python": [frame(file, 4, function)], "native": []}}
    document = {"schema": 1, "type": "violation", "time": moment, "pid": pid, "thread": pid, "program": "python3", "host": "node-1", "rule": rule, "name": "stale-use", "severity": "error",
                "message": "band 1 of dataset 'r.tif' was used after its dataset was freed", "mode": "defer", "action": "kept", "function": "GDALChecksumImage",
                "handle": {"kind": "band", "address": "0x1234", "description": "band 1 of dataset 'r.tif'", "library": "/usr/lib/libgdal.so.32"},
                "parents": [{"kind": "dataset", "address": "0x5678", "description": "dataset 'r.tif'"}], "change": {"file": file, "line": 4, "text": "del dataset"},
                "remedy": "keep the dataset until the band is done", "stacks": stacks}
    document.update(more)
    return document


def write(path, *documents, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(document, **options) + "\n" for document in documents))
    return str(path)


def signatures(*arguments):
    return [one["signature"] for one in report(*arguments)["violations"]]


# ---- merging ---------------------------------------------------------------------------------------------------------------------------

def merging(folder):
    early, late = "2026-01-01T00:00:00.000Z", "2026-01-03T00:00:00.250Z"
    write(folder / "fleet" / "a" / "log.1", violation(1), violation(2, moment=late))
    write(folder / "fleet" / "b" / "deep" / "log.2", violation(3, moment=early), violation(3, line=8))
    found = report(folder / "fleet")
    check_equal("a directory is read with what lies below it, equal violations are one", [(3, 3), (1, 1)], [(one["count"], one["process_count"]) for one in found["violations"]])
    check_equal("... with when it was first and last seen", (early, late), (found["violations"][0]["first_seen"], found["violations"][0]["last_seen"]))
    check_equal("another line is another finding with the same signature", 1, len({one["signature"] for one in found["violations"]}))
    text = holdfast("report", folder / "fleet").stdout
    check("... for people, too", "3 times, from %s to %s" % (early, late) in text and "4 violations (2 different) in 2 files" in text and "signature " + found["violations"][0]["signature"] in text, text)

    check_equal("a pattern that the shell left alone", 4, sum(one["count"] for one in report(str(folder / "fleet" / "*") + "/")["violations"]))
    check_equal("a pattern for files", 2, sum(one["count"] for one in report(str(folder / "fleet" / "a" / "log.?"))["violations"]))
    done = holdfast("report", str(folder / "nothing*"))
    check("a pattern that nothing matches", done.status == 1 and "nothing*: cannot be read: No such file" in done.stderr, done)
    odd = write(folder / "odd" / "log.[1]", violation())
    check_equal("a file whose name looks like a pattern", 1, len(report(odd)["violations"]))

    os.symlink(folder / "fleet" / "a" / "log.1", folder / "fleet" / "again")
    os.link(folder / "fleet" / "a" / "log.1", folder / "fleet" / "hard")
    os.symlink(folder / "fleet", folder / "fleet" / "b" / "loop")
    os.mkfifo(folder / "fleet" / "fifo")
    (folder / "fleet" / ".hidden").write_text(json.dumps(violation(99)) + "\n")
    check_equal("a file that is there under several names is read once; loops, FIFOs and hidden files do no harm", [3, 1], [one["count"] for one in report(folder / "fleet", folder / "fleet" / "a" / "log.1")["violations"]])
    done = holdfast("report", folder / "fleet" / "fifo", timeout=30)
    check("a FIFO that nobody writes to is no log, and does not hang", done.status == 1 and "is empty" in done.stderr, done)
    done = subprocess.run(["bash", "-c", '"$0" report <(cat "$1")', COMMAND, folder / "fleet" / "a" / "log.1"], capture_output=True, text=True, timeout=60)
    check("... one that somebody writes to is read to its end", done.returncode == 0 and "2 violations" in done.stdout, done)
    done = holdfast("report", "/dev/zero", timeout=30)
    check("a device is no log", done.status == 1 and "is a device" in done.stderr, done)
    (folder / "log.gz").write_bytes(gzip.compress(json.dumps(violation()).encode() + b"\n"))
    check_equal("a compressed log", 1, len(report(folder / "log.gz")["violations"]))
    (folder / "cut.gz").write_bytes(gzip.compress(b"".join(json.dumps(violation(pid)).encode() + b"\n" for pid in range(99)))[:-30])
    done = holdfast("report", folder / "cut.gz")
    check("... that was cut: said, what is there is shown", done.status == 1 and "cannot be read to its end" in done.stderr and "HF101" in done.stdout, done)
    closed, other = os.pipe()
    shell = subprocess.run(["sh", "-c", 'exec "$0" report --format csv "$1" >&-', COMMAND, odd], capture_output=True, text=True, timeout=60)
    os.close(closed), os.close(other)
    check("output that is closed is said", shell.returncode == 1 and "could not be written" in shell.stderr, shell)


def same_as_parsed(folder):
    """Lines that are recognised without the parser give what the parser gives: escaped, spaced or reordered ones must go through it."""
    documents = [violation(pid, line=5 + pid % 3, moment="2026-01-02T03:%02d:00.000Z" % pid, host="node-%d" % (pid % 2), task="t%d" % (pid % 5)) for pid in range(40)]
    plain = write(folder / "plain.log", *documents, separators=(",", ":"))
    escaped = folder / "escaped.log"
    escaped.write_text("".join(json.dumps(document).replace("HF101", "HF\\u0031\\u0030\\u0031") + "\n" for document in documents))
    first, second = report(plain), report(escaped)
    check_equal("a line seen at a glance counts as one that was parsed", second["violations"], first["violations"])
    check_equal("... and each of them", [14, 13, 13], sorted((one["count"] for one in first["violations"]), reverse=True))
    twice = folder / "twice.log"
    line = json.dumps(violation(), separators=(",", ":"))
    other = json.dumps(violation(rule="HF102"), separators=(",", ":"))
    twice.write_text("\n".join([line, other, line[:-1] + ',"rule":"HF102"}', line, other]) + "\n")
    found = {one["rule"]: one["count"] for one in report(twice)["violations"]}
    check_equal("a member that is there twice: the last one holds, as in every parser", {"HF101": 2, "HF102": 3}, found)
    broken = [line[:-1], line + "}", line.replace("}", "]", 1), line.replace('"kept"', '"ke\x01pt"'), line.replace('"pid":12', '"pid":012'), line.replace('"mode":', '"mode"'), line.replace(":3,", ":03,"),
              line.replace('"defer"', '"\\x"'), line.replace('"node-1"', '"node-1'), line.replace('"thread":12', '"thread":1.'), line.replace('"note"', "note") if '"note"' in line else line[:-1] + ",}",
              line.replace("Checksum\"", "Check\x00sum\"")]
    for number, text in enumerate(broken):
        bad = folder / "broken.log"
        bad.write_bytes((line + "\n" + line + "\n" + text + "\n" + line + "\n").encode())
        done = holdfast("report", "--format", "json", bad)
        document = json.loads(done.stdout)
        check("a damaged line behind sound ones (%d) is told with its number and byte, and counts for nothing" % number, done.status == 1 and "line 3" in done.stderr and
              "at byte %d" % (2 * len(line) + 2) in re.sub(r"at byte (\d+)", lambda found: "at byte %d" % (2 * len(line) + 2) if 2 * len(line) + 2 <= int(found[1]) <= 3 * len(line) + 9 else found[0], done.stderr) and
              [one["count"] for one in document["violations"]] == [3], done)
    flipped = violation()
    flipped["stacks"]["freed"]["python"][0]["line"] = 9  # as long as the other
    check_equal("stacks that differ in their last line are two findings", 2, len(report(write(folder / "flipped.log", violation(), violation(), flipped, flipped, separators=(",", ":")))["violations"]))
    bare = violation(stacks={})
    reads = report(write(folder / "nothing.log", bare, {**bare, "function": "GDALClose"}, bare))
    check_equal("without frames the function called tells them apart", 2, len(reads["violations"]))


def bounds(folder):
    """What is kept has ends, and each end is told."""
    many = write(folder / "many.log", *[violation(pid, host="node-%d" % pid) for pid in range(1000)])
    one = report(many)["violations"][0]
    check_equal("1000 processes: all are counted, the first hundred named", (1000, 1000, 100, 100), (one["process_count"], one["worker_count"], len(one["processes"]), len(one["workers"])))
    check("... for people, too", "and 992 more" in holdfast("report", many).stdout, holdfast("report", many).stdout[:600])
    same = report(write(folder / "same.log", *[violation(1, host="node-%d" % host) for host in range(7)]))["violations"][0]
    check_equal("process 1 of seven containers is seven processes", (7, [1]), (same["process_count"], same["processes"]))
    lines = write(folder / "lines.log", *[violation(line=100 + number) for number in range(50)])
    found = report(lines)["violations"]
    check_equal("of one signature 32 lines are shown, the others are counted with the first", (32, 50, 18), (len(found), sum(item["count"] for item in found), found[0]["elsewhere"]))
    check_equal("... also when they come again", 36, report(write(folder / "lines2.log", *2 * [violation(line=100 + number) for number in range(50)]))["violations"][0]["elsewhere"])
    notices = [{"schema": 1, "type": "notice", "pid": pid, "message": "n%d" % pid} for pid in range(1500)]
    found = report(write(folder / "notices.log", *notices))["notices"]
    check("of 1500 notices 1000 are shown, and it is said that there are more", len(found) == 1001 and "500 more notices" in found[-1]["message"], found[-1])
    huge = folder / "huge.log"
    with open(huge, "w") as out:
        for number in range(3000):  # each a signature of its own, and large
            out.write(json.dumps(violation(function="f%d" % number, message="m" * 100000)) + "\n")
    done = subprocess.run(["/usr/bin/time", "-f", "%M", COMMAND, "report", "--format", "csv", huge], capture_output=True, text=True)
    kilobytes = int(done.stderr.split()[-1])
    check("300 MB of different violations need less than 300 MB, and what is counted only is told (%d MB)" % (kilobytes // 1024), kilobytes < 300000 and re.search(r"\d+ violations are counted only", done.stderr), done.stderr[-300:])


def reports_of_before(folder):
    """What --format json wrote is read again, with logs and other reports, as if the logs that it was made of were there."""
    early, late = "2026-01-01T00:00:00.000Z", "2026-01-03T00:00:00.250Z"
    summary = {"schema": 1, "type": "summary", "pid": 1, "violations": 3, "repeats": 4, "refused": 2, "held": 1}
    native = {"function": "GDALChecksumImage", "python": [], "native": [{"module": "/usr/lib/nowhere.so", "offset": "0x%x" % (16 * number), "symbol": "f+0x1"} for number in range(4)]}
    logs = [write(folder / "one.log", violation(1, host="a"), violation(2, host="a", moment=late), violation(2, host="a", line=8), summary),
            write(folder / "two.log", violation(1, host="b", moment=early), violation(7, host="b", rule="HF103", stacks={"used": native}), {"schema": 1, "type": "notice", "pid": 7, "message": "a bound was reached"}, {**summary, "pid": 7}),
            write(folder / "three.log", violation(9, host="c", worker="w", task="t1"), violation(9, host="c", worker="w", task="t2"))]
    whole, made = report(*logs), []
    (folder / "whole.json").write_text(json.dumps(whole, indent=2))
    for number, log in enumerate(logs):
        made.append(folder / ("report%d.json" % number))
        made[-1].write_text(json.dumps(report(log), indent=2))
    for what, sources in {"three reports": made, "a report and two logs": [made[0], *logs[1:]], "two logs and a report behind them": [*logs[:2], made[2]]}.items():
        merged = report(*sources)
        check_equal("%s tell what the three logs do" % what, whole["violations"], merged["violations"])
        check_equal("... sums and notices, too", (whole["totals"], whole["notices"], whole["rules"]), (merged["totals"], merged["notices"], merged["rules"]))
    both = folder / "both.json"
    both.write_text(json.dumps(report(*made), indent=2))
    check_equal("a report of reports", whole["violations"], report(both)["violations"])
    check_equal("diff of it and the logs' own report: the same", 0, holdfast("diff", both, folder / "whole.json").status)
    text = holdfast("report", *made).stdout
    check("people see the sums", "7 violations (3 different) in 3 files, 8 repeats" in text and "from %s to %s" % (early, late) in text, text)

    many = [write(folder / ("many%d.log" % part), *[violation(pid, host="node-%d" % pid) for pid in range(150 * part, 150 * part + 150)]) for part in range(2)]
    parts = []
    for number, log in enumerate(many):
        parts.append(folder / ("many%d.json" % number))
        parts[-1].write_text(json.dumps(report(log)))
    found = report(*parts)["violations"][0]
    check_equal("of 300 processes in two reports all are counted, the first hundred named", (300, 300, 300, 100), (found["count"], found["process_count"], found["worker_count"], len(found["workers"])))

    check_equal("--since leaves out what ended before", [], report("--since", "2026-01-02T04:00", made[1], made[2])["violations"])
    check_equal("... and keeps what may have happened since", [2], [one["count"] for one in report("--since", "2026-01-02T04:00", made[0])["violations"]])
    check_equal("--rule", ["HF103"], [one["rule"] for one in report("--rule", "HF103", *made)["violations"]])
    top = folder / "top.json"
    top.write_text(json.dumps(report("--top", "1", logs[0])))
    check("a report that leaves something out says so", any("--top: 1 violations" in notice["message"] for notice in report(top)["notices"]), report(top)["notices"])
    (folder / "fleet").mkdir()
    shutil.copy(made[0], folder / "fleet" / "all.json")
    shutil.copy(logs[0], folder / "fleet" / "log.1")
    check_equal("one that lies beside the logs in a directory does not count them twice", [2, 1], [one["count"] for one in report(folder / "fleet")["violations"]])

    document = report(logs[0])
    huge = copy.deepcopy(document)
    for one in huge["violations"]:
        one.update(count=1 << 62, process_count=-5, worker_count="many", workers=[3, {"pid": "x"}, {"pid": 1, "host": 7}], elsewhere=1 << 62, first_seen="yesterday", processes={})
    for what, content, status, words in (("a newer schema", {**document, "schema": 9}, 1, "schema 9"), ("no violations", {**document, "violations": {}}, 1, "damaged report"), ("no rule", {**document, "violations": [{"rule": "no"}, 7, *document["violations"]]}, 1, "2 of its violations"),
                                         ("odd parts", {**document, "notices": [1, None], "problems": "x", "totals": [], "hidden": -3}, 0, ""), ("odd numbers", huge, 0, "")):
        path = folder / "odd.json"
        path.write_text(json.dumps(content, indent=1))
        done = holdfast("report", path, path)
        check("a report with %s" % what, done.status == status and words in done.stderr and ("HF101" in done.stdout) == (status == 0 or what == "no rule"), done)
    path.write_text(json.dumps(document, indent=1)[:-200])
    done = holdfast("report", path)
    check("a report that was cut: line and byte", done.status == 1 and re.search(r"odd.json: is a damaged report: line \d+, at byte \d+", done.stderr), done)


# ---- choosing ---------------------------------------------------------------------------------------------------------------------------

def choosing(folder):
    hour = 3600
    now = time.time()
    moments = [time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(now - seconds)) for seconds in (30 * 60, 5 * hour, 50 * hour)]
    log = write(folder / "log", violation(1, moment=moments[0], function="a"), violation(1, moment=moments[1], function="b", rule="HF102", name="use-after-free", severity="warning"),
                *3 * [violation(1, moment=moments[2], function="c", rule="HF115", name="leaked", severity="advice", line=10)], *2 * [violation(1, moment=moments[1], function="b", rule="HF102", line=9)])

    def shown(*options):
        return [(one["rule"], one["place"].rsplit(":")[-1]) for one in report(*options, log)["violations"]]

    everything = [("HF101", "5"), ("HF102", "5"), ("HF115", "10"), ("HF102", "9")]
    check_equal("everything, in the order met", everything, shown())
    for option, wanted in {"HF101": [0], "HF1*": [0, 1, 2, 3], "HF102,HF115": [1, 2, 3], "leaked": [2], "hf10?": [0, 1, 3], "HF999": []}.items():
        check_equal("--rule " + option, [everything[number] for number in wanted], shown("--rule", option))
    for options, wanted in {("--since", "1h"): [0], ("--since", "6h"): [0, 1, 3], ("--since=3d",): [0, 1, 2, 3], ("--until", "1h"): [1, 2, 3], ("--since", "6h", "--until", "1h"): [1, 3],
                            ("--since", moments[1]): [0, 1, 3], ("--until", moments[1]): [2], ("--since", "2100-01-01"): []}.items():
        check_equal(" ".join(options), [everything[number] for number in wanted], shown(*options))
    zone = time.strftime("%Y-%m-%dT%H:%M:%S+02:00", time.gmtime(now - 5 * hour + 2 * hour))
    check_equal("a time with a zone", [everything[number] for number in (0, 1, 3)], shown("--since", zone))
    again = write(folder / "again", *2 * [violation(1, moment=moments[2]), violation(2, moment=moments[0])], separators=(",", ":"))
    check_equal("of a violation that comes again only what happened in that time counts", [2, 2, 4], [sum(one["count"] for one in report(*options, again)["violations"]) for options in (["--since", "1h"], ["--until", "1h"], [])])
    text = write(folder / "text.log").replace(".log", ".txt")
    pathlib.Path(text).write_text("==31== Holdfast HF103 double-free (error): feature 7 was freed a second time\n==31==   freed now /home/me/y.py:9 in close, by OGR_F_Destroy\n==31== \n")
    check_equal("what has no time is shown", ["HF103"], [one["rule"] for one in report("--since", "1h", text)["violations"]])
    for order, wanted in {"count": [2, 3, 0, 1], "first": [2, 1, 3, 0], "last": [0, 1, 3, 2], "rule": [0, 1, 3, 2], "place": [0, 1, 3, 2], "met": [0, 1, 2, 3]}.items():
        check_equal("--sort " + order, [everything[number] for number in wanted], shown("--sort", order))
    check_equal("--top 2: the most frequent", [everything[2], everything[3]], shown("--top", "2"))
    check_equal("--top with an order", [everything[2]], shown("--top", "1", "--sort", "first"))
    top = report("--top", "1", log)
    check_equal("... the tables count all, and it says how many are hidden", (3, 7, 3), (top["hidden"], sum(row["count"] for row in top["rules"]), len(top["rules"])))
    check("... for people, too", "7 violations (4 different) in 1 file, shown are 1" in holdfast("report", "--top", "1", log).stdout, holdfast("report", "--top", "1", log).stdout)
    for options, words in {("--since", "yesterday"): "is no time", ("--until", "2026-13-01"): "is no time", ("--sort", "size"): "must be met, count, first, last, rule or place", ("--top", "0"): "--top '0'",
                           ("--top", "many"): "--top 'many'", ("--fail-on", "bad"): "must be advice, warning, error, fatal or never", ("--rule", ""): "names no rule", ("--baseline", "/nowhere/x"): "cannot be read",
                           ("--source-root", "/nowhere"): "is no directory", ("--top",): "needs a value", ("--format", "xml"): "text, json, csv, otlp, sarif, junit"}.items():
        done = holdfast("report", *options, *([] if len(options) == 1 else [log]))
        check("wrong: %s" % " ".join(options), done.status == 2 and words in done.stderr, done)

    for level, status in {"never": 0, "fatal": 0, "error": 3, "warning": 3, "advice": 3}.items():
        check_equal("--fail-on " + level, status, holdfast("report", "--fail-on", level, log).status)
    check_equal("... also when --top hides it", (3, 3), (holdfast("report", "--fail-on", "error", "--top", "1", log).status, holdfast("report", "--fail-on", "fatal", "--top", "1", write(folder / "fatal", *2 * [violation()], violation(severity="fatal", line=6))).status))
    check_equal("--fail-on error with nothing but advice", 0, holdfast("report", "--fail-on", "error", "--rule", "HF115", log).status)
    check_equal("... and warning of a warning alone", 3, holdfast("report", "--fail-on", "warning", "--since", moments[1], "--rule", "HF102", log).status)
    (folder / "bad").write_text(json.dumps(violation()) + "\n{broken\n")
    check_equal("a damaged file and a violation: the violation counts", (1, 3), (holdfast("report", folder / "bad").status, holdfast("report", "--fail-on", "error", folder / "bad").status))


# ---- signatures ---------------------------------------------------------------------------------------------------------------------------

SCRIPT = """
from osgeo import ogr
%s
def make():
    dataset = ogr.GetDriverByName("Memory").CreateDataSource("x")
    return dataset, dataset.CreateLayer("l")
def wrong():
    dataset, layer = make()
    del dataset
    %s
    layer.%s()
wrong()
"""

PROGRAM = r"""
#include <gdal.h>
%s
static GDALRasterBandH borrowed(GDALDatasetH dataset) { return GDALGetRasterBand(dataset, 1); }
static void wrong(void)
{
    GDALDatasetH dataset = GDALCreate(GDALGetDriverByName("MEM"), "", 4, 4, 1, GDT_Byte, NULL);
    GDALRasterBandH band = borrowed(dataset);
    GDALClose(dataset);
    %s(band);
}
int main(void) { GDALAllRegister(); wrong(); return 0; }
"""


def signature_of_run(folder, name, argv, form="json"):
    place = folder / (name + "-" + form)
    place.mkdir()
    run([*argv], options={"log_format": form, "log_path": place / "log", "record": place / "%p.hf", "record_size": "1m"}, cwd=folder)
    logs, records = sorted(place.glob("log.*")), sorted(place.glob("*.hf"))
    alone, both = report(*logs), report(*logs, *records)
    counts = [({word: told["totals"].get(word, 0) for word in ("repeats", "refused", *(["held"] if form == "json" else []))}, [(one["rule"], one["count"], one["place"]) for one in told["violations"]]) for told in (alone, both)]
    check("what the %s log of %s told its record does not tell, or sum up, again" % (form, name), counts[0] == counts[1] and len(counts[0][1]) > 0, counts)
    check("... and what was held or refused is told once", both["totals"]["held"] + both["totals"]["refused"] == 1, both["totals"])
    return signatures(*logs), signatures(*records)


def stability(folder):
    base = violation()
    first = signatures(write(folder / "one", base))[0]
    check("a signature is 16 hexadecimal digits", re.fullmatch("[0-9a-f]{16}", first), first)

    def changed(what, same, **more):
        other = signatures(write(folder / "other", violation(**more)))[0]
        check("%s: %s signature" % (what, "the same" if same else "another"), (other == first) == same, (first, other))

    changed("another line", True, line=77)
    changed("another process, time and machine", True, pid=4711, moment="2027-01-02T03:04:05.678Z", host="other")
    changed("another folder", True, file="/srv/checkout-2/x.py")
    changed("another name of the handle", True, message="band 1 of dataset 's.tif' was used", handle={"description": "band 1 of dataset 's.tif'", "address": "0x99"})
    changed("another rule", False, rule="HF102")
    changed("another file", False, file="/home/me/project/y.py")
    changed("another function of the program", False, function="rest")
    called = copy.deepcopy(base)
    called["function"] = "GDALFlushCache"
    check("another function called: another signature", signatures(write(folder / "other", called))[0] != first)
    deeper = copy.deepcopy(base)
    deeper["stacks"]["used"]["python"].insert(0, frame("/usr/lib/python3/dist-packages/osgeo/gdal.py", 7, "Wrapper"))
    deeper["stacks"]["used"]["native"] = [{"module": "/opt/other/_gdal.so", "offset": "0x9", "symbol": ""}]
    check_equal("another release of an installed package: the same signature", first, signatures(write(folder / "other", deeper))[0])
    caller = copy.deepcopy(base)
    caller["stacks"]["used"]["python"].append(frame("/home/me/project/main.py", 1, "<module>"))
    check("another caller: another signature", signatures(write(folder / "other", caller))[0] != first)
    recursion = copy.deepcopy(base)
    recursion["stacks"]["used"]["python"] += [recursion["stacks"]["used"]["python"][-1]] * 5
    check_equal("deeper recursion: the same signature", first, signatures(write(folder / "other", recursion))[0])

    def native(module, symbol, offset):
        document = copy.deepcopy(base)
        for stack in document["stacks"].values():
            stack["python"], stack["native"] = [], [{"module": module, "offset": offset, "symbol": symbol}, {"module": "/lib/libc.so.6", "offset": "0x5", "symbol": "__libc_start_main+0x85"}]
        return signatures(write(folder / "native", document))[0]

    check_equal("native: another build and version of the library", native("/nowhere/libgdal.so.32", "work+0x12", "0x12"), native("/elsewhere/libgdal-1a2b3c4d.so.34.1", "work+0x99", "0x99"))
    check_equal("... without symbols, too", native("/nowhere/libgdal.so.32", "", "0x12"), native("/elsewhere/libgdal-1a2b3c4d.so.34.1", "", "0x99"))
    check_equal("... and what the compiler made of a function", native("/nowhere/tool", "work+0x12", "0x12"), native("/nowhere/tool", "work.constprop.0.cold+0x1", "0x1"))
    check("... another function of it is another signature", native("/nowhere/tool", "work+0x12", "0x12") != native("/nowhere/tool", "rest+0x12", "0x12"))

    programs = {"first": SCRIPT % ("", "", "GetName"), "moved": SCRIPT % ("# a line\nimport math\n", "math.pi", "GetName"), "call": SCRIPT % ("", "", "GetFIDColumn")}
    known = {}
    for name, source in programs.items():
        (folder / name).mkdir()
        (folder / name / "job.py").write_text(source)
        for form in ("json", "text", "otlp"):
            log, record = signature_of_run(folder, name, [PYTHON, "-B", folder / name / "job.py"], form)
            known.setdefault(name, log)
            check("a Python program (%s): its %s log and its record have one signature, the same as other formats" % (name, form), len(log) == 1 and log == record == known[name], (log, record, known[name]))
    check("... lines that moved do not change it, another call does", known["first"] == known["moved"] != known["call"], known)
    known = {}
    for name, source, flags in (("c", PROGRAM % ("", "GDALGetRasterXSize"), []), ("c2", PROGRAM % ("static int unused(void) { return 0; }\n\n", "(void)unused(); GDALGetRasterXSize"), ["-O0", "-fno-pie", "-no-pie"]),
                                ("c3", PROGRAM % ("", "GDALGetRasterBandXSize"), []), ("c4", (PROGRAM % ("", "GDALGetRasterBandXSize")).replace("wrong(", "wronger("), [])):
        source = source.replace("GDALGetRasterXSize(band)", "GDALGetRasterBandXSize(band)")
        (folder / name).mkdir()
        program = compile_c(source, folder / name / "job", "-O0", "-fno-inline", *flags, *gdal_flags())
        for form in ("json", "text", "otlp"):
            log, record = signature_of_run(folder, name, [program], form)
            known.setdefault(name, log)
            check("a C program (%s): its %s log and its record have one signature, the same as other formats" % (name, form), len(log) == 1 and log == record == known[name], (log, record, known[name]))
    check("... another build with other lines has the same, another function another", known["c"] == known["c2"] == known["c3"] != known["c4"], known)


def leaks_and_single_frames(folder):
    """What no call is to blame for, and a stack of one frame, whose path stands in the list alone."""
    source = "#include <gdal.h>\nint main(int count, char **arguments) { (void)count; GDALAllRegister(); return GDALOpen(arguments[1], GA_ReadOnly) == NULL; }\n"
    program = compile_c(source, folder / "job", *gdal_flags())
    run_python("from osgeo import gdal\ngdal.GetDriverByName('GTiff').Create('r.tif', 4, 4)\n", preload=False, cwd=folder)
    found = {}
    for form in ("json", "text", "otlp"):
        place = folder / form
        place.mkdir()
        run([program, folder / "r.tif"], options={"log_format": form, "log_path": place / "log", "record": place / "%p.hf", "record_size": "1m", "leaks": "all", "stack_depth": "1"}, cwd=folder)
        found[form] = [signatures(path) for path in sorted(place.iterdir())]
    check("a leak has one signature in logs of each format and in records, also of a stack of one frame", len({str(one) for form in found for one in found[form]}) == 1 and len(found["json"]) == 2, found)


# ---- baselines ------------------------------------------------------------------------------------------------------------------------------

def baselines(folder):
    old = write(folder / "old.log", violation(function="a"), violation(function="b"), violation(function="b"))
    new = write(folder / "new.log", violation(function="b", line=50), *3 * [violation(function="c", severity="advice")])
    known = folder / "known.json"
    check_equal("--write-baseline", 0, holdfast("report", "--write-baseline", known, old).status)
    again = holdfast("report", "--baseline", known, "--format", "json", old)
    check("what is in the baseline makes no bad status", again.status == 0 and {one["baseline"] for one in json.loads(again.stdout)["violations"]} == {"known"}, again)
    found = holdfast("report", "--baseline", known, "--format", "json", new)
    check("what is new does, though lines moved", found.status == 3 and [one["baseline"] for one in json.loads(found.stdout)["violations"]] == ["known", "new"], found)
    check_equal("... of a level that --fail-on means", 0, holdfast("report", "--baseline", known, "--fail-on", "warning", new).status)
    text = holdfast("report", "--baseline", known, new).stdout
    check("for people: which are known", text.count("[known]") == 1 and "1 of the different ones new" in text, text)
    document = folder / "report.json"
    document.write_text(holdfast("report", "--format", "json", old).stdout)
    done = holdfast("report", known)
    check("a baseline is no log: said, with what to do", done.status == 1 and "holdfast diff" in done.stderr and "--format json" in done.stderr, done)
    plain = folder / "plain.txt"
    plain.write_text("# accepted\n\n" + "".join("%s  because\r\n" % name for name in signatures(old)))
    for what, path in {"a JSON report": document, "a list": plain}.items():
        check_equal("%s is a baseline, too" % what, (0, 3), (holdfast("report", "--baseline", path, old).status, holdfast("report", "--baseline", path, new).status))
    before = known.read_bytes()
    check("a baseline is written anew as a whole", holdfast("report", "--write-baseline", known, old).status == 0 and known.read_bytes() == before and len(list(folder.glob("known.json*"))) == 1)
    check_equal("... of all findings, also those that --top hides", 2, len(json.loads(known.read_text())["violations"]))
    check("one that cannot be written is said", (lambda done: done.status == 1 and "cannot be written" in done.stderr)(holdfast("report", "--write-baseline", "/nowhere/x", old)))
    for what, content in {"foreign": b"hello\n", "empty JSON": b"{}", "a report without signatures": b'{"schema":1,"type":"report","violations":[{"rule":"HF101"}]}', "a newer schema": b'{"schema":9,"violations":[]}',
                          "cut": before[:-20], "binary": bytes(range(256)), "deep": b"{" + b'"a":{' * 100000, "a directory": None, "nested lists": b'{"a":' + b"[" * 1000000}.items():
        path = folder / "wrong"
        if content is None:
            path = folder
        else:
            path.write_bytes(content)
        done = holdfast("report", "--baseline", path, old)
        check("a baseline that is none (%s): said, 2" % what, done.status == 2 and "baseline" in done.stderr and str(path) in done.stderr, done)

    done = holdfast("diff", "--format", "json", old, new)
    found = json.loads(done.stdout)
    check("diff of two logs: 3, and what it is", done.status == 3 and [len(found[name]) for name in ("appeared", "vanished", "more", "fewer")] == [1, 1, 0, 1] and
          (found["fewer"][0]["before"], found["fewer"][0]["after"]) == (2, 1) and found["appeared"][0]["after"] == 3, done)
    check_equal("diff with a baseline, a report, a list", [3, 3, 3], [holdfast("diff", side, new).status for side in (known, document, plain)])
    check_equal("diff of the same", [0, 0, 0, 0], [holdfast("diff", side, old).status for side in (old, known, document, plain)])
    check_equal("diff the other way round: one appeared there, too", 3, holdfast("diff", new, old).status)
    more = write(folder / "more.log", *3 * [violation(function="a")], *2 * [violation(function="b")])
    check_equal("diff: more is no failure, unless asked for", (0, 3), (holdfast("diff", old, more).status, holdfast("diff", "--fail-on", "more", old, more).status))
    check_equal("diff --fail-on never", 0, holdfast("diff", "--fail-on=never", old, new).status)
    done = holdfast("diff", old, folder / "none")
    check("diff with a file that is not there", done.status == 1 and "none" in done.stderr, done)
    check_equal("diff with a damaged side", 1, holdfast("diff", folder / "wrong", old).status)
    for arguments in ([], [old], [old, new, old], ["--format", "xml", old, new], ["--odd", "x", old, new], ["--fail-on", "x", old, new]):
        check_equal("diff with wrong arguments: %d" % len(arguments), 2, holdfast("diff", *arguments).status)


# ---- formats --------------------------------------------------------------------------------------------------------------------------------

def schema(name, fetch, path):
    """A file of a package, fetched once; None where that cannot be done."""
    SCHEMAS.mkdir(exist_ok=True)
    target = SCHEMAS / name
    if not target.exists():
        with workshop() as folder:
            done = subprocess.run(fetch, cwd=folder, capture_output=True, text=True, timeout=300)
            archives = list(folder.glob("*.t*gz"))
            if done.returncode != 0 or not archives:
                skip(name, "its package cannot be had: " + (done.stderr.strip().splitlines() or ["?"])[-1])
                return None
            with tarfile.open(archives[0]) as archive:
                member = next(one for one in archive.getmembers() if one.name.endswith(path))
                target.write_bytes(archive.extractfile(member).read())
    return target


HOSTILE = {"message": "<b>&\"'\x1b[2J\x9b31m‮gnp.exe​\x07]]>￿ =cmd|' /C calc'!A0\nSummary: 0 violations", "program": "=cmd|' /C calc'!A0", "host": "\t=1+1", "function": "+1", "remedy": "@SUM(1)",
           "handle": {"kind": "band", "description": "-2+3\r\n", "address": "0x1"}, "name": "a\"b,c\nd"}


def make_fleet(folder):
    """What programs with mistakes leave behind: Python and C, each log format, records; one worker with a name, and a file of another tool."""
    for number, (call, form) in enumerate((("GetName", "json"), ("GetName", "text"), ("GetFIDColumn", "otlp"), ("GetFeatureCount", "json"))):
        place = folder / ("node-%d" % number)
        place.mkdir()
        (folder / "job.py").write_text(SCRIPT % ("", "", call))
        run([PYTHON, "-B", folder / "job.py"], options={"log_format": form, "log_path": place / "log", "record": place / "%p.hf", "record_size": "1m", "worker_env": "WORKER"}, env={"WORKER": "w%d" % number}, cwd=folder)
    program = compile_c(PROGRAM % ("", "GDALGetRasterBandXSize"), folder / "job", *gdal_flags())
    run([program], options={"log_format": "json", "log_path": folder / "node-3" / "c", "leaks": "all"}, cwd=folder)
    (folder / "node-3" / "other.txt").write_text("nothing of Holdfast's\n")
    return folder


def formats(folder):
    fleet = folder / "fleet"
    fleet.mkdir()
    make_fleet(fleet)
    hostile = write(folder / "hostile.log", violation(**HOSTILE), violation(file="/home/me/p<&>\"%:é.py", severity="warning"), violation(function="only", severity="advice", stacks={}))
    (folder / "empty").mkdir()
    sources = {"a fleet": [fleet], "hostile names": [hostile], "nothing": [folder / "empty"]}
    expected = {what: report(*paths)["violations"] for what, paths in sources.items()}
    check_equal("the fleet has four mistakes", [("GDALGetRasterBandXSize", 1), ("OGR_L_GetFIDColumn", 1), ("OGR_L_GetFeatureCount", 1), ("OGR_L_GetName", 1)],
                sorted((one.get("function", ""), one["count"]) for one in expected["a fleet"] if one.get("function")))

    sarif = schema("sarif-schema-2.1.0.json", ["npm", "pack", "--silent", "@microsoft/jest-sarif@1.0.0-beta.0"], "schemas/sarif-2.1.0-rtm.5.json")
    junit = schema("junit-10.xsd", [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", "pytest", "pytest==8.3.4"], "junit-10.xsd")
    try:
        import jsonschema
        from lxml import etree
    except ImportError as error:
        skip("schemas", error)
        jsonschema = etree = None
    for what, paths in sources.items():
        document = json.loads(holdfast("report", "--format", "sarif", *paths).stdout)
        results = document["runs"][0]["results"]
        if sarif is not None and jsonschema is not None:
            rules = json.loads(sarif.read_text())
            errors = list(jsonschema.validators.validator_for(rules)(rules).iter_errors(document))
            check("SARIF of %s is valid by the published schema" % what, not errors, errors[:2])
        check_equal("SARIF of %s: a result a finding, with its signature and count" % what, [(one["rule"], one["signature"], one["count"]) for one in expected[what]],
                    [(one["ruleId"], one["partialFingerprints"]["holdfastSignature/v1"], one["occurrenceCount"]) for one in results])
        table = document["runs"][0]["tool"]["driver"]["rules"]
        check("... whose rules are in its table", all(table[one["ruleIndex"]]["id"] == one["ruleId"] for one in results if "ruleIndex" in one))

        text = holdfast("report", "--format", "junit", *paths).stdout
        if etree is not None:
            tree = etree.fromstring(text.encode())
            if junit is not None:
                judge = etree.XMLSchema(etree.parse(str(junit)))
                check("JUnit of %s is valid by Jenkins' schema" % what, judge.validate(tree), judge.error_log)
            cases = tree.findall(".//testcase")
            check_equal("JUnit of %s: a case a finding, failed from errors on" % what,
                        [one["severity"] == "error" for one in expected[what]] or [False], [case.find("failure") is not None for case in cases])
            suite = tree.find("testsuite")
            check_equal("... and its sums are right", (len(cases), len(tree.findall(".//failure")), len(tree.findall(".//skipped"))), tuple(int(suite.get(name)) for name in ("tests", "failures", "skipped")))
            linked = [case.get("file") for case in etree.fromstring(holdfast("report", "--format", "gitlab", "--source-root", fleet, *paths).stdout.encode()).findall(".//testcase")]
            check("gitlab has the files of cases", what != "a fleet" or linked.count("job.py") >= 3, linked)

        rows = list(csv.DictReader(io.StringIO(holdfast("report", "--format", "csv", *paths).stdout, newline="")))
        check_equal("CSV of %s: a row a finding" % what, [(one["signature"], one["rule"], str(one["count"])) for one in expected[what]], [(row["signature"], row["rule"], row["count"]) for row in rows])
        lines = holdfast("report", "--format", "otlp", *paths).stdout.splitlines()
        check_equal("OTLP of %s: a line a finding, with its signature" % what, [one["signature"] for one in expected[what]],
                    [next(pair["value"]["stringValue"] for pair in json.loads(line)["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0]["attributes"] if pair["key"] == "holdfast.signature") for line in lines])

    root = folder / "home"
    (root / "src").mkdir(parents=True)
    log = write(folder / "root.log", violation(file=str(root.resolve() / "src" / "a b%.py")), violation(file="/else/where.py", rule="HF102"))
    results = json.loads(holdfast("report", "--format", "sarif", "--source-root", root, log).stdout)["runs"][0]["results"]
    check_equal("SARIF: files below the root are relative to it, others are not", [{"uri": "src/a%20b%25.py", "uriBaseId": "SRCROOT"}, {"uri": "file:///else/where.py"}],
                [one["locations"][0]["physicalLocation"]["artifactLocation"] for one in results])
    check_equal("... the root is where the command runs, unless said otherwise", "src/a%20b%25.py",
                json.loads(holdfast("report", "--format", "sarif", log, cwd=root).stdout)["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"])
    steps = [step["location"]["physicalLocation"]["region"]["startLine"] for step in results[0]["codeFlows"][0]["threadFlows"][0]["locations"]]
    check_equal("... the biography is a flow: obtained, freed, used", [3, 4, 5], steps)
    known = folder / "known"
    known.write_text(signatures(log)[0] + "\n")
    check_equal("SARIF tells what the baseline knows", ["unchanged", "new"], [one["baselineState"] for one in json.loads(holdfast("report", "--format", "sarif", "--baseline", known, log).stdout)["runs"][0]["results"]])
    if etree is not None:
        tree = etree.fromstring(holdfast("report", "--format", "junit", "--baseline", known, log).stdout.encode())
        check_equal("JUnit skips what the baseline knows", [True, False], [case.find("skipped") is not None for case in tree.findall(".//testcase")])
        (folder / "bad").write_text("{broken\n" + json.dumps(violation()) + "\n")
        tree = etree.fromstring(holdfast("report", "--format", "junit", folder / "bad").stdout.encode())
        check_equal("JUnit: what cannot be read is an error", 1, len(tree.findall(".//error")))
        check("SARIF says so, too", not json.loads(holdfast("report", "--format", "sarif", folder / "bad").stdout)["runs"][0]["invocations"][0]["executionSuccessful"])

    rows = list(csv.DictReader(io.StringIO(holdfast("report", "--format", "csv", hostile).stdout, newline="")))
    fields = [row[name] for row in rows for name in row]
    check("CSV: no field is a formula", not [text for text in fields if re.match(r"\s*[=+\-@]", text)], fields)
    check_equal("... but nothing else is changed", [HOSTILE["message"].replace("\x9b", "\x9b"), "'" + HOSTILE["program"]], [rows[0]["message"], rows[0]["program"]])
    check("CSV ends its lines as RFC 4180 wants", subprocess.run([COMMAND, "report", "--format", "csv", log], capture_output=True).stdout.count(b"\r\n") == 3)


def terminals(folder):
    hostile = write(folder / "hostile.log", violation(**HOSTILE, file="/home/me/\x1b]0;owned\x07\n==1== Holdfast HF101.py"), {"schema": 1, "type": "notice", "pid": 1, "message": HOSTILE["message"]})
    shown = holdfast("report", hostile).stdout
    check("no control character, override of direction or forged line reaches a terminal", not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f​-‏‪-‮⁦-⁩﻿]", shown) and not re.search("^(Summary: 0|==1==)", shown, re.MULTILINE), repr(shown))
    check("... but is to be seen", "\\x1b[2J" in shown and "\\u202e" in shown and "\\u009b" in shown and "\\x0a" in shown, repr(shown))
    raw = folder / "raw.log"
    raw.write_bytes(b"==5== Holdfast HF103 double-free (error): feature \x1b[31m\xe2\x80\xae7\n==5==   freed now /home/me/y.py:9 in close, by OGR_F_Destroy\n==5== \n")
    shown = holdfast("report", raw).stdout
    check("... also of a text log", "\x1b" not in shown and "‮" not in shown, repr(shown))
    done = holdfast("report", str(folder / "\x1b[2J‮.log"))
    check("... and of a file's name", "\x1b" not in done.stderr and "‮" not in done.stderr and "\\x1b" in done.stderr, done)

    def on_terminal(**more):
        master, slave = pty.openpty()
        process = subprocess.Popen([COMMAND, "report", write(folder / "log", violation())], stdout=slave, stderr=subprocess.DEVNULL, env={**environment(preload=False), "TERM": "xterm", **more})
        os.close(slave)
        out = b""
        while True:
            try:
                part = os.read(master, 65536)
            except OSError:
                break
            if not part:
                break
            out += part
        os.close(master)
        process.wait()
        return out

    check("colours on a terminal", b"\x1b[1;31mHF101" in on_terminal())
    check("... not with NO_COLOR", b"\x1b" not in on_terminal(NO_COLOR="1"))
    check("... not on a dumb one", b"\x1b" not in on_terminal(TERM="dumb"))
    check("... not in a pipe", "\x1b" not in holdfast("report", folder / "log").stdout)


# ---- hostile files ------------------------------------------------------------------------------------------------------------------------------

def hostile_files(folder):
    good = json.dumps(violation()) + "\n"

    def bounded(what, path, *words, kilobytes=100000, status=1):
        done = subprocess.run(["/usr/bin/time", "-f", "%M", COMMAND, "report", "--format", "csv", path], capture_output=True, text=True, errors="replace", timeout=300)
        peak = int(done.stderr.split()[-1])
        check("%s: said, no crash, %d MB" % (what, peak // 1024), done.returncode == status and str(path) in done.stderr and all(word in done.stderr for word in words) and peak < kilobytes, done.stderr[-500:])
        return done

    path = folder / "file"
    path.write_text(good + '{"schema":1,"a":' + "[" * 1000000 + "\n" + good)
    bounded("a line nested a million deep", path, "line 2")
    path.write_text(good + '{"schema":1,"a":' + "[" * 500000 + "]" * 500000 + "}\n" + good)
    done = bounded("one of a MiB, nested half a million deep", path, "line 2")
    check("... what stands around it is shown", "HF101" in done.stdout and done.stdout.count(",2,") == 1, done.stdout)
    with open(path, "wb") as out:
        out.write(good.encode() + b'{"schema":1,"type":"violation","rule":"HF101","message":"')
        for _ in range(1024):
            out.write(b"a" * 1048576)
        out.write(b'"}\n' + good.encode())
    done = bounded("one line of 1 GB", path, "line 2", "at byte %d" % len(good), "longer than")
    check("... what stands around it is shown", done.stdout.count(",2,") == 1, done.stdout)
    with open(path, "wb") as out:
        out.truncate(3 << 30)
    bounded("3 GB of nothing (a sparse file)", path, "no Holdfast log")
    path.write_text("".join("==%d== Holdfast HF101 stale-use (error): m\n" % pid for pid in range(1, 50000)))
    bounded("50,000 text reports that never end", path, "at byte", "more damaged places")
    path.write_text("==1== Holdfast HF101 stale-use (error): m\n" + "==1==   #1 x\n" * 2000000 + "==1== \n")
    done = subprocess.run(["/usr/bin/time", "-f", "%M", COMMAND, "report", path], capture_output=True, text=True)
    check("a text report of two million lines is cut (%s kB)" % done.stderr.split()[-1], done.returncode == 0 and int(done.stderr.split()[-1]) < 100000 and len(done.stdout) < 200000, done.stderr)
    with open(folder / "bomb.gz", "wb") as out:
        out.write(gzip.compress(bytes(200 << 20)))
    bounded("a gzip bomb", folder / "bomb.gz")
    for name, content in {"numbers": '{"schema":1e999,"type":"violation","rule":"HF101"}\n', "negative": '{"schema":-1,"type":"violation","rule":"HF101","pid":-5,"time":"9999-99-99T99:99:99Z"}\n', "types": '{"schema":1,"type":7,"rule":[]}\n',
                          "wrong lists": '{"schema":1,"type":"violation","rule":"HF101","stacks":[1,2],"handle":"x"}\n', "nulls": '{"schema":1,"type":"violation","rule":"HF101","stacks":{"used":null,"obtained":7,"freed":[]}}\n'}.items():
        path.write_text(good + content)
        done = holdfast("report", "--format", "sarif", path)
        check("odd members (%s): shown or said, never a crash" % name, done.status in (0, 1) and done.stdout.startswith("{"), done)
    unreadable = folder / "directory" / "locked"
    unreadable.mkdir(parents=True)
    (folder / "directory" / "log").write_text(good)
    unreadable.chmod(0)
    if os.geteuid() != 0:
        done = holdfast("report", folder / "directory")
        check("a directory that may not be read is told, the rest is shown", done.status == 1 and "locked" in done.stderr and "HF101" in done.stdout, done)
    unreadable.chmod(0o700)


TESTS = (merging, reports_of_before, same_as_parsed, bounds, choosing, stability, leaks_and_single_frames, baselines, formats, terminals, hostile_files)
wanted = sys.argv[2:]
for test in TESTS:
    if wanted and test.__name__ not in wanted:
        continue
    with workshop() as place:
        test(pathlib.Path(place).resolve())
sys.exit(finish())
