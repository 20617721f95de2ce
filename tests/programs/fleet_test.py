"""A fleet: many processes end with one report that names the worker, the task and the line. First what every process does for that, then the recipes of recipes/ for
gunicorn, Celery, a Dask cluster and a Spark cluster, each with one task that makes a mistake.

usage: fleet_test.py BUILD_DIRECTORY [gunicorn|celery|dask|spark]...     those alone

BUILD_DIRECTORY/fleet is a virtual environment with all of them, with pyspark only where tools/setup was asked for it (it is 300 MB).
"""
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import time

from support import BUILD, COMMAND, FOLDER, LIBRARY, check, check_equal, environment, finish, run, run_python, skip, workshop

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


def shared(folder):
    """Containers have a process 1 each: the host tells their logs apart. What is not %h stands for itself."""
    logs = folder / "50%"
    logs.mkdir()
    for path in ("%h-log", "%H%"):
        run_python(MISTAKE + "mistake()\n", options={"log_path": logs / path, "log_format": "json"}, cwd=folder)
    check_equal("%h in log_path is the host", sorted([os.uname().nodename + "-log", "%H%"]), sorted(path.stem for path in logs.iterdir()))


def nothing(folder):
    empty = folder / "nothing"
    empty.mkdir()
    found, said = report(empty)
    check("a fleet without a mistake leaves nothing: no failure, and a word about it", found["violations"] == [] and "no log and no record" in said, said)


# ---- recipes ---------------------------------------------------------------------------------------------------------------

def has(module):
    return FLEET_PYTHON.exists() and subprocess.run([FLEET_PYTHON, "-c", "import " + module], capture_output=True).returncode == 0


def recipe(name, start):
    """start(folder, environment of Holdfast, number of the wrong task or -1) gives (result, rows of number, process, checksum). Runs it without and with a wrong task and judges answers
    and the merged report. Returns who the report names."""
    answers = {}
    for wrong in (-1, WRONG):
        with workshop() as folder:
            logs = folder / "logs"
            logs.mkdir()
            options = "log_path=%s/log:log_format=json:record=%s/%%p.record" % (logs, logs)
            done, rows = start(folder, options, wrong)
            if not check("%s: %s, all %d tasks are done" % (name, "no mistake" if wrong < 0 else "one wrong task", TASKS), len(rows) == TASKS, done):
                return None
            answers[wrong] = [(number, checksum) for number, _, checksum in sorted(rows)]
            if wrong < 0:
                check("%s: right workers leave no log" % name, not list(logs.glob("log.*")), os.listdir(logs))
                # Spark kills its Python workers in the end: their records stay, as those of all that are killed.
                check_equal("%s: and no violation" % name, [], report(logs)[0]["violations"])
                continue
            check_equal("%s: the answers are those of right workers, the wrong task's included" % name, answers[-1], answers[wrong])
            found, _ = report(logs)
            if not check("%s: one report over all logs and records" % name, [(one["rule"], one["count"]) for one in found["violations"]] == [("HF101", 1)], found["violations"]):
                return None
            violation = found["violations"][0]
            culprit = {number: process for number, process, _ in rows}[WRONG]
            check_equal("%s: it names the process that had the wrong task" % name, [culprit], violation["processes"])
            tiles = (RECIPES / "tiles.py").read_text().splitlines()
            line = 1 + next(index for index, text in enumerate(tiles) if "the mistake of the wrong task" in text)
            check_equal("%s: and the line" % name, "%s:%d" % (RECIPES / "tiles.py", line), violation["place"])
            check_equal("%s: and the host" % name, os.uname().nodename, violation["workers"][0].get("host"))
            return violation["workers"][0]
    return None


def rows_of(text):
    return [tuple(int(word) for word in line.split()) for line in text.splitlines() if re.fullmatch(r"\d+ \d+ \d+", line)]


def cluster(name, variables, *arguments):
    def start(folder, options, wrong):
        done = run([FLEET_PYTHON, RECIPES / (name + "_cluster.py"), LIBRARY, options, *arguments, TASKS, wrong, folder], preload=False, cwd=folder, timeout=900,
                   env={"PYTHONPATH": str(RECIPES), **variables})
        rows = rows_of(done.stdout) if done.status == 0 else []
        check("%s: by several processes" % name, len({process for _, process, _ in rows}) > 1, done)
        return done, rows
    return recipe(name, start)


def serve(argv, folder, options, work):
    """Start a server under Holdfast, do work(process) with it, and end it as its supervisor does."""
    with open(folder / "output", "w+") as output:
        process = subprocess.Popen([str(word) for word in argv], env=environment(options, env={"PYTHONPATH": str(RECIPES), "TILES": str(folder)}), cwd=folder, stdout=output,
                                   stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        try:
            rows = work(process)
        finally:
            process.terminate()
            status = process.wait(120)
        output.seek(0)
        said = output.read()
    check("%s ends well" % pathlib.Path(argv[2]).name, status == 0, "status %d\n%s" % (status, said))
    return said, rows


def wait_for(process, is_there, seconds=120):
    deadline = time.monotonic() + seconds
    while not is_there() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)


def gunicorn():
    if not has("gunicorn"):
        skip("gunicorn", "not in build/fleet: tools/setup --tests")
        return

    def start(folder, options, wrong):
        def ask(process):
            wait_for(process, (folder / "socket").exists)
            rows = []
            for number in range(TASKS):
                with socket.socket(socket.AF_UNIX) as client:
                    client.connect(str(folder / "socket"))
                    client.sendall(b"GET /%d%s HTTP/1.0\r\n\r\n" % (number, b"?wrong" if number == wrong else b""))
                    rows += rows_of(client.makefile().read())
            return rows
        return serve([FLEET_PYTHON, "-m", "gunicorn", "-c", RECIPES / "gunicorn.conf.py", "-b", "unix:%s/socket" % folder, "-n", "tiles", "service:application"], folder, options, ask)
    worker = recipe("gunicorn", start)
    if worker is not None:
        check("gunicorn: the worker by its number", re.fullmatch(r"worker \d+ of tiles", worker.get("worker", "")), worker)
        check_equal("gunicorn: the request", "GET /%d" % WRONG, worker.get("task"))


def celery():
    if not has("celery"):
        skip("Celery", "not in build/fleet: tools/setup --tests")
        return

    def start(folder, options, wrong):
        def ask(process):
            done = run([FLEET_PYTHON, "-c", """
import celery_tiles
results = [celery_tiles.checksum.apply_async((number, number == %d), task_id="tile-%%d" %% number) for number in range(%d)]
for result in results:
    print(*result.get(timeout=300))
""" % (wrong, TASKS)], preload=False, cwd=folder, timeout=400, env={"PYTHONPATH": str(RECIPES), "TILES": str(folder)})
            check("celery: all results arrive", done.status == 0, done)
            return rows_of(done.stdout)
        return serve([FLEET_PYTHON, "-m", "celery", "-A", "celery_tiles", "worker", "--concurrency", "3", "-n", "tiles@here", "--without-gossip", "--without-mingle"], folder, options, ask)
    worker = recipe("celery", start)
    if worker is not None:
        check_equal("celery: the node", "tiles@here", worker.get("worker"))
        check_equal("celery: the task with its id", "tiles.checksum tile-%d" % WRONG, worker.get("task"))


def dask():
    if not has("distributed"):
        skip("a Dask cluster", "no distributed in build/fleet: tools/setup --tests")
        return
    worker = cluster("dask", {}, 3)
    if worker is not None:
        check("dask: the name of the worker, and its scheduler", re.fullmatch(r"worker-%d of tcp://.*" % (WRONG % 3), worker.get("worker", "")), worker)
        check_equal("dask: the task by its key", "tile-%d" % WRONG, worker.get("task"))


def spark():
    if shutil.which("java") is None or not has("pyspark"):
        skip("a Spark cluster", "no java, or no pyspark in build/fleet: tools/setup --spark")
        return
    worker = cluster("spark", {"PYSPARK_PYTHON": str(FLEET_PYTHON), "SPARK_LOCAL_IP": "127.0.0.1"}, "local-cluster[2,1,1024]")
    if worker is not None:
        check("spark: the executor and its application", re.fullmatch(r"executor \d of app-\d+-\d+", worker.get("worker", "")), worker)
        check("spark: stage, partition, attempt", re.fullmatch(r"stage 0, partition %d, attempt 0 \(task \d+\)" % WRONG, worker.get("task", "")), worker)


asked = sys.argv[2:]
if not asked:
    with workshop() as folder:
        for test in (names_in_each_format, merging, threads_and_forks, killed, shared, nothing):
            test(folder)
for test in (gunicorn, celery, dask, spark):
    if not asked or test.__name__ in asked:
        test()
sys.exit(finish())
