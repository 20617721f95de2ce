"""A fleet: many processes end with one report that names the worker, the task and the line. First what every process does for that, then a Dask cluster and a Spark cluster.

usage: fleet_test.py BUILD_DIRECTORY [dask|spark]...     those alone

BUILD_DIRECTORY/fleet is a virtual environment with dask and distributed, and with pyspark where tools/setup was asked for it (it is 300 MB).
"""
import json
import os
import re
import shutil
import subprocess
import sys

from support import BUILD, COMMAND, FOLDER, LIBRARY, check, check_equal, finish, run, run_python, skip, workshop

RECIPES = FOLDER / "recipes"
FLEET_PYTHON = BUILD / "fleet" / "bin" / "python"
TASKS, WRONG = 9, 4

MISTAKE = """
import ctypes, os, sys, threading
from osgeo import gdal
def mistake():
    dataset = gdal.GetDriverByName("MEM").Create("", 4, 4)
    band = dataset.GetRasterBand(1)
    del dataset
    print(band.XSize)
holdfast = ctypes.CDLL(None)
"""


def report(*files, status=0):
    """The merged report as an object, and what was said on stderr."""
    done = run([COMMAND, "report", "--format", "json", *files], preload=False)
    check("holdfast report of %s ends with status %d" % (" ".join(os.path.basename(file) for file in files), status), done.status == status, done)
    return json.loads(done.stdout), done.stderr


def who(violation):
    return sorted((worker.get("worker", ""), worker.get("task", "")) for worker in violation["workers"])


# ---- one process ---------------------------------------------------------------------------------------------------------

def names_in_each_format(folder):
    """A worker from the environment, a task that the thread says; every form of log, and the record, tell both, and the reader gets both back."""
    program = MISTAKE + 'holdfast.holdfast_name_task(b"tile 3\\n/4")\nmistake()\n'
    for form in ("text", "json", "otlp"):
        logs = folder / form
        logs.mkdir()
        run_python(program, options={"log_format": form, "log_path": logs / "log", "worker_env": "NOT_SET,POD,NODE", "record": logs / "%p.record"}, cwd=folder,
                   env={"POD": "pod-7", "NODE": "node-2"})
        log, record = logs.glob("log.*"), logs.glob("*.record")
        for what, files in (("log", list(log)), ("record", list(record))):
            found, _ = report(*files)
            check_equal("%s: the %s names worker and task, the task on one line" % (form, what), [("pod-7 node-2", "tile 3?/4")], [name for one in found["violations"] for name in who(one)])
            check("%s: and the host" % form, found["violations"][0]["workers"][0].get("host") == os.uname().nodename, found["violations"][0]["workers"])
        (logs / "foreign.json").write_text('{"a":\n1}\n')
        (logs / "foreign.bin").write_bytes(bytes(range(256)) * 9)
        (logs / "empty").write_text("")
        (logs / "folder").mkdir()
        found, said = report(logs)
        check("%s: log and record of one process tell of one mistake once; what else lies in the directory is passed over" % form,
              [one["count"] for one in found["violations"]] == [1] and said == "" and not found["problems"], (found["violations"], said, found["problems"]))
        shown = run([COMMAND, "report", logs], preload=False)
        check("%s: for people, too" % form, re.search(r"^  worker    pod-7 node-2, task tile 3\?/4, process \d+ on %s$" % re.escape(os.uname().nodename), shown.stdout, re.MULTILINE), shown)
        shown = run([COMMAND, "report", "--format", "otlp", logs], preload=False)
        check("%s: and as OTLP" % form, '"service.instance.id"' in shown.stdout and '"pod-7 node-2"' in shown.stdout and '"holdfast.task"' in shown.stdout and '"host.name"' in shown.stdout, shown)


def merging(folder):
    """Two workers with the same mistake are one entry that names both; nobody's names spoil that."""
    for form in ("text", "json", "otlp"):
        logs = folder / ("two-" + form)
        logs.mkdir()
        script = folder / "same.py"
        script.write_text(MISTAKE + 'holdfast.holdfast_name_worker(sys.argv[1].encode())\nholdfast.holdfast_name_task(sys.argv[2].encode())\nmistake()\n')
        for worker, task in (("alice", "one"), ("bob", "two")):
            run(["/usr/bin/python3", script, worker, task], options={"log_format": form, "log_path": logs / "log"})
        found, _ = report(logs)
        check("%s: one mistake of two workers is one entry with both" % form, [(one["count"], who(one)) for one in found["violations"]] == [(2, [("alice", "one"), ("bob", "two")])],
              [(one["count"], who(one)) for one in found["violations"]])


def threads_and_forks(folder):
    logs = folder / "threads"
    logs.mkdir()
    run_python(MISTAKE + """
def first():
    holdfast.holdfast_name_task(b"first")
    mistake()
holdfast.holdfast_name_worker(b"all")
holdfast.holdfast_name_task(b"main")
thread = threading.Thread(target=first); thread.start(); thread.join()
def of_child():
    dataset = gdal.GetDriverByName("MEM").Create("", 4, 4)
    band = dataset.GetRasterBand(1)
    del dataset
    print(band.DataType)
if os.fork() == 0:
    of_child(); sys.exit()
os.wait()
holdfast.holdfast_name_worker(None)
holdfast.holdfast_name_task(b"")

def other():
    dataset = gdal.GetDriverByName("MEM").Create("", 4, 4)
    band = dataset.GetRasterBand(1)
    del dataset
    print(band.YSize)
other()
""", options={"log_format": "json", "log_path": logs / "log", "worker_env": "POD"}, env={"POD": "not this"}, cwd=folder)
    found, _ = report(logs)
    names = sorted(name for one in found["violations"] for name in who(one))
    check_equal("each thread has its task, a child begins with both names, both can be taken back, and what the program says counts more than the environment",
                [("", ""), ("all", "first"), ("all", "main")], names)


def killed(folder):
    logs = folder / "killed"
    logs.mkdir()
    run_python(MISTAKE + 'import signal\nmistake()\nholdfast.holdfast_name_worker(b"worker 5")\nos.kill(os.getpid(), signal.SIGKILL)\n', options={"log": "stderr", "record": logs / "%p"}, cwd=folder)
    found, _ = report(logs)
    check("the record of a process that was killed names its worker, in the words of people, too", [who(one) for one in found["violations"]] == [[("worker 5", "")]] and
          any("(worker worker 5 on " in notice["message"] and "was killed" in notice["message"] for notice in found["notices"]), found)


def nothing(folder):
    empty = folder / "nothing"
    empty.mkdir()
    found, said = report(empty)
    check("a fleet without a mistake leaves nothing: no failure, and a word about it", found["violations"] == [] and "no log and no record" in said, said)


# ---- clusters --------------------------------------------------------------------------------------------------------------

def cluster(name, python, variables, *arguments):
    """Run the recipe without and with a wrong task; judge answers and the merged report."""
    answers = {}
    for wrong in (-1, WRONG):
        with workshop() as folder:
            logs = folder / "logs"
            logs.mkdir()
            options = "log_path=%s/log:log_format=json:record=%s/%%p.record" % (logs, logs)
            done = run([python, RECIPES / (name + "_cluster.py"), LIBRARY, options, *arguments, TASKS, wrong, folder], preload=False, cwd=folder, timeout=600,
                       env={"PYTHONPATH": str(RECIPES), **variables})
            rows = [line.split() for line in done.stdout.splitlines() if re.fullmatch(r"\d+ \d+ \d+", line)]
            if not check("%s: %s, all %d tasks are done" % (name, "no mistake" if wrong < 0 else "one wrong task", TASKS), done.status == 0 and len(rows) == TASKS, done):
                return
            check("%s: by several processes" % name, len({process for _, process, _ in rows}) > 1, rows)
            answers[wrong] = [(number, checksum) for number, _, checksum in rows]
            if wrong < 0:
                check("%s: right workers leave no log" % name, not list(logs.glob("log.*")), os.listdir(logs))
                # Spark kills its Python workers in the end: their records stay, as those of all that are killed.
                check_equal("%s: and no violation" % name, [], report(logs)[0]["violations"])
                continue
            check_equal("%s: the answers are those of right workers, the wrong task's included" % name, answers[-1], answers[wrong])
            found, _ = report(logs)
            if not check("%s: one report over all logs and records" % name, [one["rule"] for one in found["violations"]] == ["HF101"] and found["violations"][0]["count"] == 1, found["violations"]):
                return
            violation = found["violations"][0]
            culprit = {number: process for number, process, _ in rows}[str(WRONG)]
            check_equal("%s: it names the process that had the wrong task" % name, [int(culprit)], violation["processes"])
            tiles = (RECIPES / "tiles.py").read_text().splitlines()
            line = 1 + next(index for index, text in enumerate(tiles) if "the mistake of the wrong task" in text)
            check_equal("%s: and the line" % name, "%s:%d" % (RECIPES / "tiles.py", line), violation["place"])
            return violation["workers"][0]


def dask():
    if not FLEET_PYTHON.exists() or subprocess.run([FLEET_PYTHON, "-c", "import distributed"], capture_output=True).returncode != 0:
        skip("a Dask cluster", "no distributed in build/fleet: tools/setup --tests")
        return
    worker = cluster("dask", FLEET_PYTHON, {}, 3)
    if worker is not None:
        check("dask: the name of the worker, and its scheduler", re.fullmatch(r"worker-%d of tcp://.*" % (WRONG % 3), worker.get("worker", "")), worker)
        check_equal("dask: the task by its key", "tile-%d" % WRONG, worker.get("task"))
        check_equal("dask: the host", os.uname().nodename, worker.get("host"))


def spark():
    if shutil.which("java") is None or not FLEET_PYTHON.exists() or subprocess.run([FLEET_PYTHON, "-c", "import pyspark"], capture_output=True).returncode != 0:
        skip("a Spark cluster", "no java, or no pyspark in build/fleet: tools/setup --spark")
        return
    worker = cluster("spark", FLEET_PYTHON, {"PYSPARK_PYTHON": str(FLEET_PYTHON), "SPARK_LOCAL_IP": "127.0.0.1"}, "local-cluster[2,1,1024]")
    if worker is not None:
        check("spark: the executor and its application", re.fullmatch(r"executor \d of app-\d+-\d+", worker.get("worker", "")), worker)
        check("spark: stage, partition, attempt", re.fullmatch(r"stage 0, partition %d, attempt 0 \(task \d+\)" % WRONG, worker.get("task", "")), worker)


asked = sys.argv[2:]
if not asked:
    with workshop() as folder:
        for test in (names_in_each_format, merging, threads_and_forks, killed, nothing):
            test(folder)
for test in (dask, spark):
    if not asked or test.__name__ in asked:
        test()
sys.exit(finish())
