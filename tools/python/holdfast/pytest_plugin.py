"""pytest --holdfast: a test fails with the report of the violations that it caused.

    pytest --holdfast                             runs pytest anew under Holdfast, if it is not there yet
    pytest --holdfast --holdfast-leaks            a test that leaves handles alive behind it fails, too
    pytest --holdfast --holdfast-options mode=reject:rules=HF106=off
    @pytest.mark.holdfast_allow("HF106")          this test, class or module may; "HF115" allows leaks. The setting holdfast_allow names rules for all tests

What is found while a fixture is set up, in the test, or while it is torn down fails that phase (error, failure, error), as an exception there would, so xfail, --pdb, junitxml and xdist do with it
what they do with any. What is found in between (while modules are imported, or by threads that outlive their test) is told at the end, and makes the exit status bad. Where a test caused a
violation is where Holdfast noticed it; a handle used by a thread in the background counts for the test that runs then.

Holdfast's own log goes to files in a folder of its own, so that what tests capture is theirs alone, unless the options say where it goes; the folder stays if something was written.
"""
import collections
import functools
import gc
import os
import re
import shutil
import sys
import tempfile

import pytest

try:
    from pytest import ExceptionInfo
except ImportError:  # before pytest 7
    from _pytest._code import ExceptionInfo

MARKER = "HOLDFAST_PYTEST"  # in the environment: a pytest that was run anew, and the folder of its log
LEAK_RULES = ("HF115", "leaked")


def pytest_addoption(parser):
    group = parser.getgroup("holdfast", "lifetimes of the handles of GDAL, GEOS and PROJ (Holdfast)")
    group.addoption("--holdfast", action="store_true", help="fail tests that Holdfast finds violations in; pytest is run anew under Holdfast if it is not there yet")
    group.addoption("--holdfast-leaks", action="store_true", help="with --holdfast: fail tests that leave handles alive behind them, after a garbage collection")
    group.addoption("--holdfast-options", metavar="NAME=VALUE:...", help="with --holdfast: options for Holdfast, added to those of HOLDFAST_OPTIONS")
    group.addoption("--holdfast-library", metavar="FILE", help="with --holdfast: the path of libholdfast.so (else HOLDFAST_LIBRARY, beside the command holdfast, or installed)")
    parser.addini("holdfast_allow", "rules of Holdfast that no test fails for: HF106, stale-use, ...", type="args", default=[])


# ---- under Holdfast -----------------------------------------------------------------------------------------------------------

@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config, args):
    """Before anything else: before output is captured, which would be lost, and before conftest.py imports the libraries."""
    options = early_config.known_args_namespace
    if options.holdfast and "PYTEST_XDIST_WORKER" not in os.environ:
        import holdfast
        if not holdfast.active():
            _run_anew(early_config, options)
    yield


def _run_anew(config, options):
    from . import _library
    if MARKER in os.environ:
        raise pytest.UsageError("--holdfast: pytest was run anew under Holdfast, and it is not there: %s could not be preloaded (is this Python static, or set-user-ID?)" % _library.NAME)
    if list(config.invocation_params.args) != sys.argv[1:]:
        raise pytest.UsageError("--holdfast: this pytest was started by a program, which cannot be run anew: start that program by `holdfast run`")
    try:
        library = _library.find_library(options.holdfast_library)
    except FileNotFoundError as error:
        raise pytest.UsageError("--holdfast: %s" % error)
    settings = [text for text in (os.environ.get("HOLDFAST_OPTIONS"), options.holdfast_options) if text]
    folder = ""
    if not any(word.startswith(("log=", "log_path=", "@")) for text in settings for word in text.split(":")):
        folder = tempfile.mkdtemp(prefix="holdfast-pytest-")
        settings.insert(0, "log_path=%s/log" % folder)
    # What is preloaded already stays first: the runtime of AddressSanitizer must be.
    os.environ["LD_PRELOAD"] = ":".join(filter(None, (os.environ.get("LD_PRELOAD"), library)))
    os.environ["HOLDFAST_OPTIONS"] = ":".join(settings)
    os.environ[MARKER] = folder
    sys.stdout.flush()
    sys.stderr.flush()
    command = getattr(sys, "orig_argv", None) or [sys.executable, "-m", "pytest"] + sys.argv[1:]
    os.execv(sys.executable, [sys.executable] + list(command[1:]))


def pytest_configure(config):
    config.addinivalue_line("markers", "holdfast_allow(*rules): violations of these rules do not fail the test (\"HF106\"; \"HF115\": leaks)")
    if config.getoption("holdfast"):
        import holdfast
        if holdfast.active():
            plugin = Plugin(config)
            config.pluginmanager.register(plugin, "holdfast-tests")
            if plugin.leaks:
                config.pluginmanager.register(Fixtures(plugin), "holdfast-fixtures")


# ---- tests ----------------------------------------------------------------------------------------------------------------------

class Plugin:
    """What every test passes through here is plain hooks. One that wraps ends with an exception, whose traceback asks for the line that pluggy is at: of a test that took a millisecond six of
    them were some five percent."""

    def __init__(self, config):
        import holdfast
        from . import _library
        self.holdfast = holdfast
        self.count = functools.partial(_library.get().holdfast_violation_count, None)
        self.name_task = holdfast._name_task
        self.allow = tuple(config.getini("holdfast_allow"))
        self.leaks = config.getoption("holdfast_leaks")
        self.full_trace = config.getoption("fulltrace", False)
        self.worker = hasattr(config, "workerinput")
        self.folder = os.environ.get(MARKER, "")
        self.process, self.seen = os.getpid(), 0
        self.outside = []      # reports of what was found in no test
        self.excluded = []     # [begin, end) of marks: made by fixtures that live longer than a test

    def new_violations(self):
        """What was found since this was asked last. In a forked child Holdfast counts from 0."""
        if os.getpid() != self.process:
            self.process, self.seen = os.getpid(), 0
        count = self.count()
        if count == self.seen:
            return []
        found = self.holdfast.violations_since(self.seen)
        self.seen = count
        return found

    def words(self, violation):
        """The report without what is the same in all tests: the process in front of each line and, as in tracebacks, pytest's own frames."""
        text = re.sub(r"^==\d+== ?", "", violation.text, flags=re.MULTILINE)
        return text if self.full_trace else re.sub(r"^    #\d+ +\S*/(?:_pytest|pluggy|pytest|xdist|execnet)/.*\n", "", text, flags=re.MULTILINE)

    def allowed(self, item):
        rules = self.allow
        for mark in item.iter_markers("holdfast_allow"):
            rules += mark.args
        return rules

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item):
        self.outside += self.new_violations()
        self.name_task(item.nodeid)
        item._holdfast_failed = False
        if self.leaks:
            del self.excluded[:]
            self.begin = self.holdfast.mark()

    def pytest_runtest_logfinish(self):
        self.name_task(None)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, item, call):
        texts, rules = [], []
        found = self.new_violations()
        if found:
            found = self.holdfast.without_allowed(found, self.allowed(item))
            texts, rules = [self.words(violation) for violation in found], [violation.rule for violation in found]
        if self.leaks and call.when == "teardown" and call.excinfo is None and not getattr(item, "_holdfast_failed", False):
            leaks = self.leaks_of(item)
            if leaks:
                texts.append(self.holdfast.leaks_text(leaks))
                rules.append(LEAK_RULES[0])
        if texts:
            text = "\n".join(texts)
            if call.excinfo is None or call.excinfo.errisinstance(pytest.skip.Exception):
                call.excinfo = _failure("Holdfast found %s in the %s of this test:\n%s" % (", ".join(sorted(set(rules))), {"call": "body"}.get(call.when, call.when), text))
            else:
                item.add_report_section(call.when, "Holdfast", text)
            item.user_properties.append(("holdfast", " ".join(rules)))
        if call.excinfo is not None:
            item._holdfast_failed = True  # its exception keeps frames alive, and with them handles: nobody's leak

    def leaks_of(self, item):
        """After the test's own references are gone: pytest keeps the values of fixtures, and the instance of a test class, for a while."""
        if any(rule in LEAK_RULES for rule in self.allowed(item)):
            return []
        getattr(item, "funcargs", {}).clear()
        if getattr(item, "cls", None) is not None and getattr(item, "_obj", None) is not None:
            item._obj = None
            if hasattr(item, "_instance"):
                item._instance = None
            elif type(item.parent).__name__ == "Instance":  # before pytest 7: a node of its own, which makes a new one for each test
                item.parent._obj = None
        if not self.holdfast.leaks_since(self.begin):
            return []
        gc.collect()
        return [leak for leak in self.holdfast.leaks_since(self.begin) if not any(begin <= leak.made < end for begin, end in self.excluded)]

    # ---- what is told at the end ------------------------------------------------------------------------------------------------

    @staticmethod
    def failed_tests(reports):
        """{rule: number of tests}: the report of a teardown has the properties of all phases."""
        failed = collections.Counter()
        for report in reports:
            if getattr(report, "when", None) == "teardown" and report.user_properties:
                failed.update({rule for name, rules in report.user_properties if name == "holdfast" for rule in str(rules).split()})
        return failed

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session):
        self.outside = self.holdfast.without_allowed(self.outside + self.new_violations(), self.allow)
        if self.worker:
            session.config.workeroutput["holdfast"] = [list(violation) for violation in self.outside]
        elif self.outside and session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node):
        self.outside += [self.holdfast.Violation(*one) for one in getattr(node, "workeroutput", {}).get("holdfast", [])]

    def pytest_report_header(self):
        log = ", log %s/log.PID" % self.folder if self.folder else ""
        return "holdfast: %s%s%s" % (self.holdfast.version(), ", leaks" if self.leaks else "", log)

    @pytest.hookimpl(hookwrapper=True)
    def pytest_terminal_summary(self, terminalreporter):
        yield
        logs = self.keep_logs()
        failed = self.failed_tests(report for reports in terminalreporter.stats.values() for report in reports)
        if not (failed or self.outside or logs):
            return
        terminalreporter.section("Holdfast", sep="=")
        for rule, number in sorted(failed.items()):
            terminalreporter.write_line("%s in %d test%s" % (rule, number, "" if number == 1 else "s"))
        if self.outside:
            terminalreporter.write_line("%d violation%s outside of tests:" % (len(self.outside), "" if len(self.outside) == 1 else "s"), red=True)
            for violation in self.outside:
                terminalreporter.write(self.words(violation))
        if logs:
            terminalreporter.write_line("Holdfast's log: %s/log.*" % self.folder)

    def keep_logs(self):
        """Is there anything in the log? If not, its folder goes."""
        if not self.folder or not os.path.isdir(self.folder):
            return False
        if os.listdir(self.folder):
            return True
        shutil.rmtree(self.folder, ignore_errors=True)
        return False

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self):
        if self.folder and not self.worker:
            self.keep_logs()  # without a terminal (-p no:terminal) nobody else did


class Fixtures:
    """For leaks: what is made by fixtures that live longer than a test."""

    def __init__(self, plugin):
        self.plugin = plugin

    @pytest.hookimpl(hookwrapper=True)
    def pytest_fixture_setup(self, fixturedef):
        begin = self.plugin.holdfast.mark() if fixturedef.scope != "function" else None
        yield
        if begin is not None:
            self.plugin.excluded.append((begin, self.plugin.holdfast.mark()))


def _failure(text):
    """What pytest.fail(text, pytrace=False) would have brought: the report alone, for no line of the test is its place."""
    try:
        raise pytest.fail.Exception(text, pytrace=False)
    except pytest.fail.Exception:
        return ExceptionInfo.from_current()
