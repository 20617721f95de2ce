"""Tells Holdfast which worker of a fleet this process is, and which task a thread is at, so that reports and records name both.

One file without requirements, to be copied beside the code of the fleet (PYTHONPATH, `spark.submit.pyFiles`, Client.upload_file). Without Holdfast in the process
all of it does nothing.

    Dask      client.register_plugin(holdfast_fleet.dask_plugin())            each worker says its name
              client.submit(holdfast_fleet.dask_task(work), ...)              each call of work() says its key
    Spark     rdd.mapPartitions(holdfast_fleet.spark_task(work))              executor; stage, partition and attempt
    Celery    holdfast_fleet.celery_signals()                                 in the module that makes the application
    gunicorn  from holdfast_fleet import post_fork, pre_request, post_request in gunicorn.conf.py
"""
import ctypes
import functools
import os

_process = ctypes.CDLL(None)


def _tell(function, text):
    try:
        tell = getattr(_process, function)
    except AttributeError:
        return  # no Holdfast here
    tell(text.encode(errors="replace") if text else None)


def name_worker(text):
    """What this process is in its fleet; None: nothing any more."""
    _tell("holdfast_name_worker", text)


def name_task(text):
    """What the calling thread works at; None: nothing any more."""
    _tell("holdfast_name_task", text)


def _named(function, name_of_task):
    """`function` that names its task for as long as it runs. A generator runs when somebody draws from it, so its work is named, too."""
    @functools.wraps(function)
    def named(*arguments, **options):
        name_task(name_of_task())
        try:
            result = function(*arguments, **options)
        except BaseException:
            name_task(None)
            raise
        if not hasattr(result, "__next__"):
            name_task(None)
            return result
        return _drawn(result)

    def _drawn(result):
        try:
            yield from result
        finally:
            name_task(None)
    return named


# ---- Dask ---------------------------------------------------------------------------------------------------------------

def dask_plugin():
    from distributed.diagnostics.plugin import WorkerPlugin

    class Named(WorkerPlugin):
        name = "holdfast"

        def setup(self, worker):
            name_worker("%s of %s" % (worker.name, worker.scheduler.address))
    return Named()


def _dask_key():
    from distributed import get_worker
    return str(get_worker().get_current_task())


def dask_task(function):
    return _named(function, _dask_key)


# ---- Spark --------------------------------------------------------------------------------------------------------------

def _executor():
    """The number of the executor: Python workers are not told it, but the JVM that started them has it in its command line."""
    process = os.getppid()
    while process > 1:
        try:
            with open("/proc/%d/cmdline" % process, "rb") as file:
                words = file.read().decode(errors="replace").split("\0")
            with open("/proc/%d/stat" % process) as file:
                parent = int(file.read().rpartition(")")[2].split()[1])
        except OSError:
            break
        if "--executor-id" in words[:-1]:
            said = {name: words[words.index(name) + 1] for name in ("--executor-id", "--app-id") if name in words[:-1]}
            return "executor %s of %s" % (said["--executor-id"], said.get("--app-id", "an unknown application"))
        process = parent
    return "driver"


def _spark_attempt():
    from pyspark import TaskContext
    context = TaskContext.get()
    return "stage %d, partition %d, attempt %d (task %d)" % (context.stageId(), context.partitionId(), context.attemptNumber(), context.taskAttemptId())


def spark_task(function):
    def task():
        name_worker(_executor())
        return _spark_attempt()
    return _named(function, task)


# ---- Celery -------------------------------------------------------------------------------------------------------------

def celery_signals():
    """Signals keep their handlers weakly, so these are kept alive here."""
    from celery import signals

    @signals.celeryd_init.connect(weak=False)
    def named(sender=None, **_):
        name_worker(sender)

    @signals.task_prerun.connect(weak=False)
    def begun(task_id=None, task=None, **_):
        name_task("%s %s" % (task.name, task_id))

    @signals.task_postrun.connect(weak=False)
    def ended(**_):
        name_task(None)


# ---- gunicorn -----------------------------------------------------------------------------------------------------------

def post_fork(server, worker):
    name_worker("worker %d of %s" % (worker.age, server.proc_name))


def pre_request(worker, request):
    name_task("%s %s" % (request.method, request.path))


def post_request(worker, request, environment, response):
    name_task(None)
