"""`holdfast report` over a fleet's logs: time and peak memory, beside jq, sqlite3 and Python that do the same grouping.

usage: report_scale.py BUILD_DIRECTORY [RECORDS [FILES [FOLDER]]]     default: 1000000 records in 1000 files, in a temporary folder

The records are what log_format=json writes, of 200 places in a program, each told with another time, process, host, address and name of a dataset. The rivals count by
rule, function and stacks, which is less than the report does; they read a tenth of the files, and their time is multiplied by ten (it grows with the lines). The log
is read once before, so that nobody waits for the disk more than the others. Ends with status 1 when the report did not count every record.
"""
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time

PLACES, RIVALS_PART = 200, 10

RIVALS = {
    "jq": "find {folder} -name 'log.*' | sort | head -n {files} | xargs cat | jq -n 'reduce (inputs | select(.type == \"violation\")) as $one ({{}}; "
          ".[[$one.rule, $one.function, $one.stacks] | tojson] += 1) | length'",
    "sqlite3": "find {folder} -name 'log.*' | sort | head -n {files} | xargs cat > {scratch}/all && sqlite3 {scratch}/db < {scratch}/sql",
    "python": "find {folder} -name 'log.*' | sort | head -n {files} | xargs cat | {python} -c '\n"
              "import collections, json, sys\n"
              "counts = collections.Counter()\n"
              "for line in sys.stdin:\n"
              "    one = json.loads(line)\n"
              "    if one[\"type\"] == \"violation\":\n"
              "        counts[one[\"rule\"], one[\"function\"], json.dumps(one[\"stacks\"])] += 1\n"
              "print(len(counts))'",
}
# sqlite3's own language is written into a file: quoting it for the shell would hide it.
SQL = """.mode ascii
.separator "\\037" "\\n"
create table line (text);
.import {scratch}/all line
select count(*) from (select 1 from line where text ->> '$.type' = 'violation' group by text ->> '$.rule', text ->> '$.function', text -> '$.stacks');
"""


def stack(function, site, depth):
    frames = [{"file": "/usr/lib/python3/dist-packages/osgeo/ogr.py", "line": 1277, "function": "Layer.GetName"}]
    frames += [{"file": "/srv/app/step%d.py" % (site % 17), "line": 10 + site, "function": "work_%d" % level} for level in range(depth)]
    native = [{"module": "/usr/lib/python3/dist-packages/osgeo/_ogr.cpython-311-x86_64-linux-gnu.so", "offset": "0x%x" % (0x4afab + site), "symbol": ""}]
    return {"function": function, "python": frames, "native": native}


def templates():
    """A line of each place, with what differs from record to record left open."""
    for site in range(PLACES):
        line = json.dumps({
            "schema": 1, "type": "violation", "time": "@T", "pid": "@P", "thread": "@P", "program": "python3", "host": "@H", "rule": "HF%d" % (101 + site % 7), "name": "stale-use", "severity": "error",
            "message": "layer 'l' of dataset '@D' was used after dataset '@D' was freed", "mode": "defer", "action": "refused", "function": "OGR_L_GetName", "note": "",
            "handle": {"kind": "layer", "address": "@A", "description": "layer 'l' of dataset '@D'", "library": "/lib/x86_64-linux-gnu/libgdal.so.32"},
            "parents": [{"kind": "dataset", "address": "@A", "description": "dataset '@D'"}],
            "change": {"file": "/srv/app/step%d.py" % (site % 17), "line": 8, "text": "ds2 = None"}, "remedy": "keep the dataset alive until the layer is no longer used, or free it later",
            "stacks": {"used": stack("OGR_L_GetName", site, 3), "obtained": stack("OGR_DS_CreateLayer", site, 2), "freed": stack("OGRReleaseDataSource", site, 1)}}, separators=(",", ":"))
        line = line.replace("%", "%%").replace('"@P"', "%(pid)d").replace("@T", "2026-03-%(day)02dT10:%(minute)02d:%(second)02d.%(ms)03dZ").replace("@H", "node-%(host)d")
        yield line.replace("@D", "tile_%(tile)d.tif").replace("@A", "0x%(address)x") + "\n"


def generate(folder, records, files):
    random.seed(1)
    lines = list(templates())
    for number in range(files):
        count = records * (number + 1) // files - records * number // files
        with open(folder / ("log.%d" % (1000 + number)), "w") as out:
            for record in range(count):
                out.write(lines[(record * 31 + number) % PLACES] % {
                    "pid": 1000 + number, "host": number % 50, "day": 1 + number % 28, "minute": record // 60 % 60, "second": record % 60, "ms": record % 1000, "tile": record, "address": 0x18a000000 + 64 * record})
    return sum(path.stat().st_size for path in folder.iterdir())


def measure(argv, **more):
    """Seconds, those of processors, peak memory in MiB of the largest process, output."""
    with tempfile.NamedTemporaryFile("r") as times:
        started = time.monotonic()
        done = subprocess.run(["/usr/bin/time", "-f", "%U %S %M", "-o", times.name, *argv], capture_output=True, text=True, **more)
        seconds = time.monotonic() - started
        if done.returncode != 0:
            sys.exit("%s: %s" % (argv[0], done.stderr))
        user, system, memory = times.read().split()[-3:]
        return seconds, float(user) + float(system), int(memory) / 1024, done.stdout


def main():
    build = pathlib.Path(sys.argv[1])
    records = int(sys.argv[2]) if len(sys.argv) > 2 else 1000000
    files = int(sys.argv[3]) if len(sys.argv) > 3 else 1000
    command = str(build.resolve() / "tools" / "holdfast")
    scratch = pathlib.Path(tempfile.mkdtemp(dir=sys.argv[4] if len(sys.argv) > 4 else None))
    try:
        folder = scratch / "logs"
        folder.mkdir()
        total = generate(folder, records, files)
        print("%d records of %d places in %d files, %.1f GB" % (records, PLACES, files, total / 1e9), flush=True)
        subprocess.run("cat %s/* > /dev/null" % folder, shell=True, check=True)
        seconds, cpu, memory, out = measure([command, "report", "--format", "json", str(folder)])
        document = json.loads(out)
        counted = sum(one["count"] for one in document["violations"])
        print("%-16s %9s %9s %9s %19s" % ("", "seconds", "CPU s", "peak MiB", "records per CPU s"))
        print("%-16s %9.1f %9.1f %9.0f %19.0f" % ("holdfast report", seconds, cpu, memory, records / cpu), flush=True)
        for name, shell in RIVALS.items():
            if shutil.which(name if name != "python" else sys.executable) is None:
                print("%-16s is not installed" % name)
                continue
            part = max(1, files // RIVALS_PART)
            (scratch / "sql").write_text(SQL.format(scratch=scratch))
            seconds, cpu, memory, out = measure(["sh", "-c", shell.format(folder=folder, files=part, scratch=scratch, python=sys.executable)], env={**os.environ, "LC_ALL": "C"})
            lines = records * part // files
            print("%-16s %9.1f %9.1f %9.0f %19.0f   (%d groups; measured on %d records)" % (name, seconds * records / lines, cpu * records / lines, memory, lines / cpu, int(out.split()[-1]), lines), flush=True)
        if counted != records or len(document["violations"]) != PLACES:
            sys.exit("the report counted %d records in %d findings, there are %d of %d places" % (counted, len(document["violations"]), records, PLACES))
    finally:
        shutil.rmtree(scratch)


main()
