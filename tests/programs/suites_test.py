"""No false report: the test suites of fiona, pyproj and shapely end the same, test by test, with and without Holdfast, and Holdfast
reports nothing in them but their true mistakes (TRUE_MISTAKES).

usage: suites_test.py BUILD_DIRECTORY [NAME...]

NAME is one of SUITES (default: all), or PACKAGE:PYTHON:FOLDER for the suite in FOLDER and the package that PYTHON imports, and without
FOLDER for the suite inside the package:

    suites_test.py build shapely
    suites_test.py build rasterio:/usr/bin/python3:/home/me/rasterio/tests
    suites_test.py build pyogrio:/home/me/venv/bin/python:

The packages are those that Debian installs. Their suites are not installed; they come from the source distributions of the same versions on
the Python registry that pip is configured for. Only the tests are unpacked and nothing of the distributions is built. A suite that cannot be
had is skipped, and when no suite could be run the exit status is 77.

Both runs go side by side, each in a folder of its own, in the same order of tests (that of pytest without any plugin but suites_plugin.py).
Tests that need a network or the package's own wheel are left out.
"""
import concurrent.futures
import dataclasses
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import time

import support
from support import COMMAND, FOLDER, PYTHON, check, check_equal, harness, run, skip, workshop

SECONDS = 900  # one run of one suite: half a minute on a machine with two processors and nothing else to do


@dataclasses.dataclass
class Suite:
    package: str          # as it is imported and as the registry calls it
    version: str          # what Debian 12 has
    digest: str           # SHA-256 of that version's source distribution
    folder: str           # the tests in it
    needed: int           # tests that must pass without Holdfast: a suite that mostly skips shows nothing
    python: str = PYTHON
    inside: bool = False  # the tests are inside the installed package


SUITES = [
    Suite("fiona", "1.9.0", "6e487cbfba5a849fbdf06e45169fd7e1f1662f44f3d717ab4b946046b2457eae", "tests", 1600),
    Suite("pyproj", "3.4.1", "261eb29b1d55b1eb7f336127344d9b31284d950a9446d1e0d1c2411f7dd8e3ac", "test", 800),
    Suite("shapely", "1.8.5", "e82b6d60ecfb124120c88fe106a478596bbeab142116d7e7f64a364dac902a92", "tests", 480),
]

# (suite, rule, file, line): why it is true. The place is that of any Python frame of the report. One that is not reported fails the test.
TRUE_MISTAKES = {
    # GeometryObject_SetState (pygeom.c) gives the coordinate sequence of the line string that it has read to a new ring, as its own, and
    # forgets the line string. Nothing crashes only because the line string is never freed.
    ("shapely 2.2.0", "HF104", "shapely/tests/legacy/test_pickle.py", 66): "a sequence that belongs to one geometry is given to another",
}

MARKS = ("network", "wheel", "gdalbin", "cli", "grid", "iconv", "slow")  # of all the suites
OUTCOMES = ("passed", "xpassed", "xfailed", "skipped", "failed", "error")  # a test that ends in two ways (its tear-down fails too) has the later one

# pip knows the configured registry, its certificates, proxies and passwords, and checks the digest; but `pip download` also runs the setup
# code of what it got, to learn its name. This ends it just before, with the archive in the folder. 3: this pip has another inside.
DOWNLOAD = """
import os, shutil, sys
try:
    from pip._internal.cli.main import main
    from pip._internal.distributions.sdist import SourceDistribution
    SourceDistribution.prepare_distribution_metadata
except (ImportError, AttributeError) as error:
    print(error)
    os._exit(3)
def keep(self, *arguments, **more):
    shutil.copy(self.req.local_file_path, "archive")
    os._exit(0)
SourceDistribution.prepare_distribution_metadata = keep
sys.exit(main(["download", "--no-deps", "--no-binary", ":all:", "--require-hashes", "--no-input", "--disable-pip-version-check",
               "--retries", "2", "--timeout", "20", "--progress-bar", "off", "-r", "wanted.txt"]))
"""


class Unavailable(Exception):
    """The suite cannot be had here; why."""


# ---- the suite --------------------------------------------------------------------------------------------------------

def download(suite, folder):
    """The path of the suite's source distribution."""
    folder.mkdir()
    (folder / "wanted.txt").write_text("%s==%s --hash=sha256:%s\n" % (suite.package, suite.version, suite.digest))
    try:
        done = subprocess.run([PYTHON, "-c", DOWNLOAD], cwd=folder, env=harness.clean_environment({"TMPDIR": str(folder)}), timeout=300,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", errors="replace")
    except subprocess.TimeoutExpired:
        raise Unavailable("the registry did not answer in time") from None
    if done.returncode == 3 or "DO NOT MATCH THE HASHES" in done.stdout:
        check("%s %s: the suite is downloaded by pip, and is the one that is known" % (suite.package, suite.version), False, done.stdout)
        raise Unavailable("see above")
    if done.returncode != 0:
        raise Unavailable("pip cannot get its source distribution: " + " / ".join(done.stdout.strip().splitlines()[-3:]))
    return folder / "archive"


def unpack(archive, wanted, target):
    """The files below folder `wanted` of the distribution, into `target`."""
    with tarfile.open(archive) as tar:
        for member in tar:
            top, *path = pathlib.PurePosixPath(member.name).parts
            if member.isfile() and path[:1] == [wanted] and ".." not in path:
                file = target.joinpath(*path[1:])
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(tar.extractfile(member).read())


def installed(suite):
    """The version of the package that the suite's Python imports, None if there is none."""
    code = "import importlib.metadata; print(importlib.metadata.version(%r))" % suite.package
    result = run([suite.python, "-c", code], preload=False)
    return result.stdout.strip() if result.status == 0 else None


def fetch(suite, folder):
    """The folder of its tests."""
    version = installed(suite)
    if version is None:
        raise Unavailable("%s is not installed" % suite.package)
    if version != suite.version:
        raise Unavailable("%s %s is installed, the suite is that of %s" % (suite.package, version, suite.version))
    unpack(download(suite, folder / "download"), suite.folder, folder / "suite")
    return folder / "suite"


# ---- words ------------------------------------------------------------------------------------------------------------

def whole(line):
    """A report as the user reads it."""
    done = subprocess.run([COMMAND, "report", "-"], input=line, capture_output=True, encoding="utf-8", env=harness.clean_environment(), timeout=60)
    return without_pytest(done.stdout.partition("\nSummary:")[0] + done.stderr)


def without_pytest(text):
    """Stacks without the frames of pytest: those of a report, and those that faulthandler writes in a crash."""
    return re.sub(r"(?:^( *)(?:File \")?/\S*/(?:_pytest|pluggy|pytest)/.*\n)+", r"\1(pytest)\n", text, flags=re.MULTILINE)


def last_lines(text, count):
    return "\n".join(text.splitlines()[-count:])


# ---- one run ----------------------------------------------------------------------------------------------------------

class Run:
    """One run of the suite: how each test ended and, under Holdfast, what was logged."""

    def __init__(self, suite, tests, place, preload):
        self.place, self.log = place, place / "log" / "holdfast"
        self.prepare(suite, tests)
        begin = time.monotonic()
        self.result = self.run(suite, preload)
        self.seconds = time.monotonic() - begin
        self.read_record()
        self.read_log()

    def prepare(self, suite, tests):
        """The folder in which it runs: only the tests, so that nothing but the installed package can be imported."""
        for name in ("log", "tmp", "home"):
            (self.place / name).mkdir(parents=True)
        if not suite.inside:
            shutil.copytree(tests, self.place / suite.folder)
        shutil.copy(FOLDER / "suites_plugin.py", self.place)
        (self.place / "pytest.ini").write_text("[pytest]\nmarkers =\n" + "".join("    %s: of the suite\n" % mark for mark in MARKS))

    def run(self, suite, preload):
        argv = [suite.python, "-m", "pytest", "-c", "pytest.ini", "-p", "suites_plugin", "-p", "no:cacheprovider", "-q", "-rN", "--tb=short", "--disable-warnings",
                "-m", "not network and not wheel", "--basetemp", self.place / "tmp" / "pytest", "--continue-on-collection-errors",
                *(["--pyargs", suite.package] if suite.inside else [suite.folder])]
        environment = {"SUITES_RECORD": str(self.place / "record"), "SUITES_LOG": str(self.log) if preload else "", "SUITES_PACKAGE": suite.package,
                       "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "TMPDIR": str(self.place / "tmp"), "HOME": str(self.place / "home")}
        return run(argv, options(self.log) if preload else None, preload, environment, timeout=SECONDS, cwd=self.place)

    def read_record(self):
        self.tests, self.texts, self.running, self.ends, self.facts = {}, {}, None, [], {}
        record = self.place / "record"
        for line in record.read_text().splitlines() if record.exists() else []:
            item = json.loads(line)
            if "test" in item:
                known = self.tests.get(item["test"])
                if known is None or OUTCOMES.index(item["outcome"]) > OUTCOMES.index(known):
                    self.tests[item["test"]], self.texts[item["test"]] = item["outcome"], item["text"]
            elif "start" in item:
                self.running = item["start"]
            elif "end" in item:
                self.running = None
                self.ends.append((item["log"], item["end"]))
            else:
                self.facts.update(item)

    def read_log(self):
        """Reports as (line of the log, parsed, test in which it came or None), those of processes that tests start too."""
        self.reports, self.notices, self.damage = [], [], []
        for path in sorted(self.log.parent.iterdir()):
            mine = path.name == "holdfast.%s" % self.facts.get("pid")
            position = 0
            for raw in path.read_bytes().splitlines(keepends=True):
                position += len(raw)
                line = raw.decode(errors="replace")
                try:
                    item = json.loads(line)
                    kind = item["type"]
                except (ValueError, KeyError, TypeError):
                    self.damage.append("%s: %s" % (path.name, line.rstrip()))
                    continue
                if kind == "violation":
                    self.reports.append((line, item, self.test_at(position) if mine else None))
                elif kind == "notice":
                    self.notices.append(item.get("message", line))

    def test_at(self, position):
        return next((test for size, test in self.ends if position <= size), self.running)

    def counts(self):
        outcomes = list(self.tests.values())
        words = ["passed", "failed", "skipped", *(word for word in ("error", "xfailed", "xpassed") if word in outcomes)]
        return "%d tests: %s" % (len(outcomes), ", ".join("%d %s" % (outcomes.count(word), word) for word in words))

    def ending(self):
        """In words, for messages."""
        text = self.result.ending
        if self.running:
            text += ", in test " + self.running
        return "%s\n%s" % (text, last_lines(without_pytest(self.result.stdout + self.result.stderr), 20))


def options(log):
    settings = {"mode": "defer", "log_format": "json", "stack_depth": 64, "log_path": log}
    if "OPTION(leaks," in (FOLDER.parents[1] / "shim" / "options.def").read_text():
        settings["leaks"] = 0  # suites leave much behind at their end
    return settings


# ---- what must hold ---------------------------------------------------------------------------------------------------

def frames(report):
    return [(frame.get("file") or "", frame.get("line")) for stack in report.get("stacks", {}).values() if stack for frame in stack.get("python", [])]


def is_at(report, rule, file, line):
    return report["rule"] == rule and any(name.endswith("/" + file) and number == line for name, number in frames(report))


def is_planted(report):
    """The mistake that suites_plugin.py makes at the end."""
    return report["rule"] == "HF103" and any(name.endswith("/suites_plugin.py") for name, line in frames(report)[:1])


def compare(name, bare, watched):
    """Test by test; one check for each that differs, and one for all that did not run because the process died before."""
    different = unrun = 0
    for test in sorted(bare.tests.keys() | watched.tests.keys()):
        left, right = bare.tests.get(test, "did not run"), watched.tests.get(test, "did not run")
        if right == "did not run" and watched.running and test != watched.running:
            unrun += 1
        elif left != right:
            different += 1
            check("%s: %s ends the same" % (name, test), False, "without Holdfast: %s\n%s\nwith Holdfast: %s\n%s" % (
                left, last_lines(bare.texts.get(test, ""), 12), right, last_lines(watched.texts.get(test, ""), 25)))
    check("%s: every test ends the same with Holdfast" % name, not different and not unrun,
          "%d of %d tests differ, see above; %d did not run after %s" % (different, len(bare.tests), unrun, watched.running))


def check_reports(name, watched):
    expected = [place for mistaken, *place in TRUE_MISTAKES if mistaken == name]
    false = planted = 0
    for line, report, test in watched.reports:
        if is_planted(report):
            planted += 1
        elif not any(is_at(report, *place) for place in expected):
            false += 1
            check("%s: no report in %s" % (name, test or "a process that a test started, or outside of tests"), False, whole(line), limit=20000)
    check("%s: no report but of true mistakes" % name, not false, "%d reports, see above" % false)
    for place in expected:
        check("%s: %s %s:%d is reported" % (name, *place), any(is_at(report, *place) for line, report, test in watched.reports))
    check("%s: the mistake made on purpose at the end is reported" % name, planted == 1, "%d such reports" % planted)
    check_equal("%s: the log has nothing but JSON objects" % name, [], watched.damage)


def try_suite(suite, tests, folder):
    name = "%s %s" % (suite.package, suite.version)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        bare, watched = pool.map(lambda place: Run(suite, tests, folder / place, place == "watched"), ("bare", "watched"))
    planted = sum(is_planted(report) for line, report, test in watched.reports)
    print("note  %s without Holdfast: %s; %.0f s" % (name, bare.counts(), bare.seconds))
    print("note  %s with Holdfast:    %s; %d reports, %d notices; %.0f s" % (
        name, watched.counts(), len(watched.reports) - planted, len(watched.notices), watched.seconds))
    for notice in sorted(set(watched.notices)):
        print("note  %s: notice: %s" % (name, notice))
    passed = list(bare.tests.values()).count("passed")
    check("%s: at least %d tests pass without Holdfast" % (name, suite.needed), passed >= suite.needed, bare.counts() + "\n" + bare.ending())
    for each, words in ((bare, "without"), (watched, "with")):
        path = each.facts.get("package") or "nothing"
        check("%s: %s Holdfast the installed package is tested" % (name, words),
              each.facts.get("version") == suite.version and not path.startswith(str(folder)), "%s, version %s" % (path, each.facts.get("version")))
    check("%s: Holdfast is there in one run and not in the other" % name, (bare.facts.get("watched"), watched.facts.get("watched")) == (False, True))
    check("%s: the suite ends the same with Holdfast" % name, bare.result.ending == watched.result.ending,
          "without Holdfast: %s\nwith Holdfast: %s" % (bare.ending(), watched.ending()))
    compare(name, bare, watched)
    check_reports(name, watched)


def by_hand(name):
    """Suite and tests of PACKAGE:PYTHON:FOLDER; whatever version there is."""
    package, python, folder = name.split(":", 2)
    suite = Suite(package, None, None, pathlib.Path(folder).name, 1, python, not folder)
    suite.version = installed(suite)
    if suite.version is None:
        raise Unavailable("%s does not find %s" % (python, package))
    return suite, pathlib.Path(folder)


def main(names):
    known = {suite.package: suite for suite in SUITES}
    skipped = 0
    for name in names or known:
        with workshop() as folder:
            try:
                suite, tests = by_hand(name) if ":" in name else (known[name], fetch(known[name], folder))
            except Unavailable as why:
                skip("the suite of " + name, why)
                skipped += 1
            else:
                try_suite(suite, tests, folder)
    print("%d passed, %d failed, %d suites skipped" % (len(support.passed), len(support.failed), skipped))
    if not support.passed and not support.failed:
        return 77
    return 1 if support.failed else 0


sys.exit(main(sys.argv[2:]))
