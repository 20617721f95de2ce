"""A soak: two processes of eight threads each work with GDAL, OGR, GEOS and PROJ and fork every second, under Holdfast, one of them with a record; two more do the
same without it beside them, so that what the machine does to all of them can be told from what Holdfast does.

usage: soak_test.py BUILD_DIRECTORY [--minutes M] [--csv FILE]     half a minute unless told

No report, nothing wrong, no child lost; what Holdfast knows takes no more memory after the first quarter (of a short run: half) of the work, and its tables stay within their size. How fast the work goes is told, as a curve (CSV) and in
a closing line, and not judged: a short run on a busy machine would prove nothing.
"""
import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
import threading
import time

from support import COMMAND, FOLDER, LIBRARY, PYTHON, check, compile_c, environment, finish, gdal_flags, run, workshop

MIB = 1 << 20
FENCE_BYTES = 8 * MIB  # the option's default
SAMPLES = 120
SORTS = ["bound", "arena", "tables", "young", "fenced"]  # as `holdfast ctl PID status` lists them; the bound is address space
COLUMNS = ["seconds", "watched_rounds", "bare_rounds", "watched_rss", "bare_rss", "holdfast_memory", *SORTS[1:], "forks"]


class Worker:
    """One process; what it said last is in rounds and forks."""

    def __init__(self, program, raster, seconds, options):
        self.rounds = self.forks = 0
        self.watched, self.finished, self.memory = options is not None, False, {}
        self.process = subprocess.Popen([str(program), str(seconds), str(raster)], env=environment(options, preload=self.watched), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        stdin=subprocess.DEVNULL, text=True)
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            if line == "done\n":
                self.finished = True
            else:
                self.rounds, self.forks = (int(word) for word in line.split())

    def resident(self):
        """Bytes; 0 when it is gone."""
        try:
            with open("/proc/%d/statm" % self.process.pid) as file:
                return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        except (OSError, IndexError):
            return 0

    def own_memory(self):
        """Resident bytes of Holdfast's own, by sort; None while the process does not answer."""
        said = run([COMMAND, "ctl", self.process.pid, "status"], preload=False)
        figures = [int(line.split()[1]) for line in said.stdout.splitlines() if line.strip().startswith("memory ")]
        return dict(zip(SORTS, figures)) if said.status == 0 and len(figures) == len(SORTS) else None

    def end(self):
        self.reader.join()
        errors = self.process.stderr.read()
        return self.process.wait(), errors


def sample(workers, started, writer, rows):
    watched, bare = [worker for worker in workers if worker.watched], [worker for worker in workers if not worker.watched]
    own = [worker.own_memory() for worker in watched]
    if None in own or not all(worker.resident() for worker in workers):
        return
    row = {"seconds": round(time.monotonic() - started, 1), "watched_rounds": sum(worker.rounds for worker in watched), "bare_rounds": sum(worker.rounds for worker in bare),
           "watched_rss": sum(worker.resident() for worker in watched), "bare_rss": sum(worker.resident() for worker in bare), "forks": sum(worker.forks for worker in watched)}
    row.update({sort: sum(figures[sort] for figures in own) for sort in SORTS[1:]})
    row["holdfast_memory"] = sum(row[sort] for sort in SORTS[1:])
    rows.append(row)
    writer.writerow(row)


def static_bytes(library):
    """Of its memory that is no code: data and bss."""
    said = subprocess.run(["size", library], capture_output=True, text=True, check=True).stdout.splitlines()[1].split()
    return int(said[1]) + int(said[2])


def speed(rows, name):
    return (rows[-1][name] - rows[0][name]) / max(rows[-1]["seconds"] - rows[0]["seconds"], 1e-9)


def sum_up(rows):
    tenth = max(len(rows) // 10, 2)
    first, last = rows[:tenth], rows[-tenth:]
    figures = {"%s %s" % (what, when): speed(part, what + "_rounds") for what in ("watched", "bare") for when, part in (("first", first), ("last", last))}
    print("seconds %.0f, forks %d, rounds %d watched and %d bare" % (rows[-1]["seconds"], rows[-1]["forks"], rows[-1]["watched_rounds"], rows[-1]["bare_rounds"]))
    print("rounds a second, first and last tenth: watched %.0f, %.0f; bare %.0f, %.0f; watched to bare %.3f, %.3f" % (
        figures["watched first"], figures["watched last"], figures["bare first"], figures["bare last"],
        figures["watched first"] / max(figures["bare first"], 1e-9), figures["watched last"] / max(figures["bare last"], 1e-9)))
    quarter = rows[len(rows) // 4]
    for name, words in (("holdfast_memory", "Holdfast's own memory, two processes"), ("watched_rss", "resident, watched"), ("bare_rss", "resident, bare")):
        print("%s: %.1f MiB after a quarter, %.1f MiB at the end, %.1f MiB at most" % (words, quarter[name] / MIB, rows[-1][name] / MIB, max(row[name] for row in rows) / MIB))


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("build")
    arguments.add_argument("--minutes", type=float, default=0.5)
    arguments.add_argument("--csv")
    asked = arguments.parse_args()
    seconds = asked.minutes * 60
    with workshop() as folder:
        program = compile_c(FOLDER / "soak_work.c", folder / "soak_work", *gdal_flags(), "-lgeos_c", "-lproj", "-lpthread")
        raster = folder / "raster.tif"
        run([PYTHON, "-c", "import sys; from osgeo import gdal; gdal.GetDriverByName('GTiff').Create(sys.argv[1], 64, 64, 3)", raster], preload=False)
        logs = folder / "logs"
        logs.mkdir()
        options = {"log_path": logs / "log", "log_format": "json"}
        started, rows = time.monotonic(), []
        workers = [Worker(program, raster, seconds, chosen) for chosen in (options, {**options, "record": logs / "%p.record"}, None, None)]
        with open(asked.csv or folder / "soak.csv", "w", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            while time.monotonic() - started < seconds:
                sample(workers, started, writer, rows)
                file.flush()
                time.sleep(max(seconds / SAMPLES, 0.2))
        for worker in workers:
            status, errors = worker.end()
            check("process %d, %s: it ends well, and so did its %d children" % (worker.process.pid, "watched" if worker.watched else "bare", worker.forks),
                  status == 0 and worker.finished and worker.forks > 0 and errors == "", "status %d\n%s" % (status, errors))
        check("no report, no notice, no record of a process that ended", not os.listdir(logs),
              {path.name: path.read_text(errors="replace")[:2000] for path in logs.iterdir() if path.suffix != ".record"} or os.listdir(logs))
        if check("there are samples to judge by", len(rows) >= 8, len(rows)):
            sum_up(rows)
            # What has been touched once stays: how soon that is depends on the work that is done, not on the time, and a short run has done little of it.
            part, words = (4, "quarter") if seconds >= 300 else (2, "half")
            after = [row for row in rows if row["watched_rounds"] * part >= rows[-1]["watched_rounds"]]
            curve = [row["arena"] + row["young"] for row in after]
            check("after the first %s of the work Holdfast takes no more memory for what it knows" % words, max(curve) <= curve[0] * 1.03 + MIB / 4, json.dumps(curve))
            # What is kept back at an instant depends on what was freed last, within its bound: so the middle of many samples.
            fenced = [row["fenced"] for row in after]
            early, late = statistics.median(fenced[:len(fenced) // 3 + 1]), statistics.median(fenced[-(len(fenced) // 3 + 1):])
            check("and keeps no more memory of the program's back, at most %d MiB a process" % (FENCE_BYTES // MIB), late <= early * 1.5 + MIB and max(fenced) <= 2 * FENCE_BYTES, json.dumps(fenced))
            # Tables by address: the allocator's next heap touches pages that were never touched before, up to the size of the tables.
            bound = 2 * static_bytes(LIBRARY)
            check("and its tables stay within %.1f MiB" % (bound / MIB), max(row["tables"] for row in rows) <= bound, [row["tables"] for row in rows])


main()
sys.exit(finish())
