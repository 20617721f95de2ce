"""The pytest plugin of suites_test.py, copied beside the suite and loaded with `-p suites_plugin`. It writes down what becomes of each test
as it happens, one JSON object a line (a crash leaves the test in which it came as the last line):

    {"pid": number}                                       the process, first of all
    {"start": ID}                                         a test begins
    {"test": ID, "outcome": WORD, "text": why}            passed, failed, skipped, xfailed, xpassed, error (set-up, tear-down or import failed)
    {"end": ID, "log": bytes}                             how long this process's log of Holdfast is after the test
    {"package": path, "version": text, "watched": bool}   what was imported, and whether Holdfast is there

Under Holdfast the session ends with a mistake made on purpose: that the suite brought no report means something only when this one comes.

SUITES_RECORD: the file to write; SUITES_LOG: Holdfast's log_path, empty without Holdfast; SUITES_PACKAGE: what is tested.
"""
import ctypes
import json
import os
import sys

import pytest

RECORD = open(os.environ["SUITES_RECORD"], "w", buffering=1, encoding="utf-8")
LOG = os.environ["SUITES_LOG"] and "%s.%d" % (os.environ["SUITES_LOG"], os.getpid())
PACKAGE = os.environ["SUITES_PACKAGE"]
SESSION = os.getpid()  # children that a test forks write nothing here

# What is freed twice at the end: object file, function that makes it and its arguments, function that frees it.
MISTAKES = {
    "shapely": ("libgeos_c", "GEOS_init_r", (), "GEOS_finish_r"),
    "pyproj": ("libproj", "proj_create", (None, b"+proj=merc"), "proj_destroy"),
    "": ("libgdal", "OSRNewSpatialReference", (None,), "OSRDestroySpatialReference"),
}


def write(**line):
    if os.getpid() == SESSION:
        RECORD.write(json.dumps(line) + "\n")


def pytest_configure():
    write(pid=SESSION)


def word(report):
    """What one phase of a test (setup, call, teardown) means for the test; None: nothing."""
    if hasattr(report, "wasxfail"):
        return "xfailed" if report.skipped else "xpassed"
    if report.when != "call":
        return "error" if report.failed else "skipped" if report.skipped else None
    return report.outcome


def pytest_collectreport(report):
    if report.failed:
        write(test=report.nodeid, outcome="error", text=report.longreprtext)


def pytest_runtest_logstart(nodeid):
    write(start=nodeid)


def pytest_runtest_logreport(report):
    outcome = word(report)
    if outcome:
        write(test=report.nodeid, outcome=outcome, text=report.longreprtext if report.longrepr else "")


def pytest_runtest_logfinish(nodeid):
    write(end=nodeid, log=os.path.getsize(LOG) if LOG and os.path.exists(LOG) else 0)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish():
    package = sys.modules.get(PACKAGE)
    watched = "libholdfast.so" in open("/proc/self/maps").read()
    write(package=getattr(package, "__file__", None), version=getattr(package, "__version__", None), watched=watched)
    if watched:
        free_twice(*MISTAKES.get(PACKAGE, MISTAKES[""]))


def free_twice(library, make, arguments, free):
    with open("/proc/self/maps") as maps:
        loaded = {line.split()[5] for line in maps if len(line.split()) > 5}
    [path] = [path for path in loaded if os.path.basename(path).split(".so")[0].split("-")[0] == library]
    functions = ctypes.CDLL(path)
    getattr(functions, make).restype = ctypes.c_void_p
    handle = ctypes.c_void_p(getattr(functions, make)(*arguments))
    getattr(functions, free)(handle)
    getattr(functions, free)(handle)
