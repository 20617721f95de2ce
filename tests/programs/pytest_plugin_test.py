"""The pytest plugin of tools/python, by pytester, in a virtual environment where pip installed it: tests fail with the reports of what they caused, and of nothing else.

usage: pytest_plugin_test.py BUILD_DIRECTORY          all of it; pytest itself tells what fails
       pytest_plugin_test.py BUILD_DIRECTORY bench    what a suite of 1,000 tests costs more: plugin installed and not asked for, Holdfast alone, both, both with --holdfast-leaks
       pytest_plugin_test.py BUILD_DIRECTORY count    the same in instructions of a test, by callgrind

The test functions below run inside pytest, with BUILD_DIRECTORY in the environment.
"""
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]

BAD = '''
import os, sys, threading
import pytest
from osgeo import gdal, ogr
def create():
    return gdal.GetDriverByName("MEM").Create("made", 4, 4)
def bad():
    dataset = create()
    band = dataset.GetRasterBand(1)
    del dataset
    return band.XSize
'''

if "HOLDFAST_TEST_BUILD" in os.environ:
    import pytest

    pytest_plugins = "pytester"
    BUILD = pathlib.Path(os.environ["HOLDFAST_TEST_BUILD"])

    @pytest.fixture
    def run(pytester, monkeypatch):
        """run(tests, arguments...): pytest over a module in a process of its own, as a user starts it."""
        for name in ("LD_PRELOAD", "HOLDFAST_OPTIONS", "PYTEST_ADDOPTS"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("HOLDFAST_LIBRARY", str(BUILD / "shim" / "libholdfast.so"))
        temporary = pytester.mkdir("tmp")
        monkeypatch.setenv("TMPDIR", str(temporary))

        def run(tests, *arguments, holdfast=True):
            pytester.makepyfile(test_it=BAD + tests)
            return pytester.runpytest_subprocess(*(["--holdfast"] if holdfast else []), *arguments)
        run.temporary = temporary
        return run

    def failed_in(result):
        """test: what its outcome line says, from -rA."""
        found = {}
        for word, name in re.findall(r"^(PASSED|FAILED|ERROR|XFAIL|XPASS|SKIPPED) \S*?::(\S+)", result.stdout.str(), re.M):
            found.setdefault(name, []).append(word)
        return found

    def test_a_test_fails_with_the_report_of_its_violation(run):
        result = run('''
            def test_right():
                assert create().RasterXSize == 4
            def test_wrong():
                bad()
            def test_wrong_in_the_same_way():
                bad()
            def test_in_a_thread():
                thread = threading.Thread(target=bad); thread.start(); thread.join()
            '''.replace("\n            ", "\n"), "-rA")
        assert failed_in(result) == {"test_right": ["PASSED"], "test_wrong": ["FAILED"], "test_wrong_in_the_same_way": ["FAILED"], "test_in_a_thread": ["FAILED"]}
        assert result.ret == 1
        result.stdout.fnmatch_lines(["*_ test_wrong _*", "Holdfast found HF101 in the body of this test:", "Holdfast HF101 stale-use (error): band 1 of dataset 'made' was used after dataset 'made' was freed",
                                     "  used      *test_it.py:* in bad, by GDALGetRasterBandXSize:  return band.XSize", "    #1  *test_it.py:* in test_wrong", "  freed *", "  task      test_it.py::test_wrong",
                                     "*_ test_wrong_in_the_same_way _*", "Holdfast found HF101*", "HF101 in 3 tests"])
        assert "_pytest/python.py" not in result.stdout.str(), "pytest's own frames"
        assert "==" not in "".join(line for line in result.stdout.str().splitlines() if "HF101 stale-use" in line), "process numbers"

    def test_phases_are_told_apart(run):
        result = run('''
@pytest.fixture
def before():
    bad()
@pytest.fixture
def after():
    yield
    bad()
def test_setup(before): pass
def test_body(): bad()
def test_teardown(after): pass
''', "-rA")
        assert failed_in(result) == {"test_setup": ["ERROR"], "test_body": ["FAILED"], "test_teardown": ["PASSED", "ERROR"]}
        result.stdout.fnmatch_lines(["*ERROR at setup of test_setup*", "Holdfast found HF101 in the setup of this test:", "*ERROR at teardown of test_teardown*", "Holdfast found HF101 in the teardown of this test:",
                                     "*_ test_body _*", "Holdfast found HF101 in the body of this test:"])

    def test_other_outcomes_stay_and_name_it(run):
        result = run('''
@pytest.mark.xfail
def test_expected(): bad()
def test_fails_too():
    bad()
    assert 1 == 2
def test_skips_after():
    bad()
    pytest.skip("late")
''', "-rA")
        assert failed_in(result) == {"test_expected": ["XFAIL"], "test_fails_too": ["FAILED"], "test_skips_after": ["FAILED"]}
        result.stdout.fnmatch_lines(["E       assert 1 == 2", "*Holdfast call*", "Holdfast HF101 stale-use*"])

    def test_allowed(run, pytester):
        tests = '''
@pytest.mark.holdfast_allow("HF101")
def test_by_id(): bad()
@pytest.mark.holdfast_allow("HF106", "stale-use")
def test_by_name(): bad()
@pytest.mark.holdfast_allow("HF106")
def test_another(): bad()
@pytest.mark.holdfast_allow("HF101")
class TestOfClass:
    def test_in_class(self): bad()
'''
        result = run(tests, "-rA", "--strict-markers")
        assert failed_in(result) == {"test_by_id": ["PASSED"], "test_by_name": ["PASSED"], "test_another": ["FAILED"], "TestOfClass::test_in_class": ["PASSED"]}
        pytester.makeini("[pytest]\nholdfast_allow = HF106 HF101\n")
        run(tests).assert_outcomes(passed=4)
        pytester.makeini("[pytest]\naddopts = --holdfast\n")
        run(tests, holdfast=False).assert_outcomes(passed=3, failed=1)

    def test_leaks(run):
        tests = '''
kept = []
def test_keeps(): kept.append(create()); kept.append(ogr.Geometry(ogr.wkbPoint)); kept.append(create())
def test_frees(): create()
def test_cycle():
    holder = [create()]; holder.append(holder)
@pytest.fixture
def made(): return create()
@pytest.fixture(scope="module")
def shared(): return create()
@pytest.fixture(scope="session")
def for_all():
    yield create()
def test_fixtures(made, shared, for_all): pass
def test_fixtures_again(made, shared, for_all): pass
class TestInstance:
    def setup_method(self): self.dataset = create()
    def test_instance(self): pass
def test_fails():
    dataset = create()
    assert False
def test_after_failure(): pass
@pytest.mark.holdfast_allow("HF115")
def test_may(): kept.append(create())
@pytest.mark.parametrize("number", [1, 2])
def test_parameters(number, made): pass
'''
        result = run(tests, "--holdfast-leaks", "-rA")
        outcomes = failed_in(result)
        assert outcomes.pop("test_keeps") == ["PASSED", "ERROR"] and outcomes.pop("test_fails") == ["FAILED"]
        assert set(map(tuple, outcomes.values())) == {("PASSED",)} and len(outcomes) == 9
        result.stdout.fnmatch_lines(["*ERROR at teardown of test_keeps*", "Holdfast found HF115 in the teardown of this test:", "3 handles were made meanwhile and are still alive:", "  2 such as dataset 'made', held by a Python object, made at *test_it.py:* in create",
                                     "  geometry, held by a Python object, made at *test_it.py:* in test_keeps"])
        assert failed_in(run(tests, "-rA"))["test_keeps"] == ["PASSED"], "without --holdfast-leaks"

    def test_captured_output_is_the_tests_own(run):
        result = run('''
def test_capture(capfd):
    os.write(1, b"one"); os.write(2, b"two")
    gdal.PushErrorHandler("CPLQuietErrorHandler")
    bad()
    gdal.PopErrorHandler()
    os.write(2, b"three")
    assert capfd.readouterr() == ("one", "twothree")
def test_shown():
    print("to stdout"); print("to stderr", file=sys.stderr)
    bad()
''')
        result.stdout.fnmatch_lines(["*_ test_capture _*", "Holdfast found HF101*", "*_ test_shown _*", "*Captured stdout call*", "to stdout", "*Captured stderr call*", "to stderr"])
        assert "E   " not in result.stdout.str(), "the assertion about what was captured failed"

    def test_the_log_stays_when_there_is_one_and_its_folder_goes_when_not(run):
        result = run("def test_wrong(): bad()\n")
        folder, = run.temporary.glob("holdfast-pytest-*")
        assert any("HF101" in path.read_text() for path in folder.iterdir())
        result.stdout.fnmatch_lines(["holdfast: *, log %s/log.PID" % folder, "Holdfast's log: %s/log.*" % folder])
        shutil.rmtree(folder)
        assert "= Holdfast =" not in run("def test_right(): create()\n").stdout.str()
        assert not list(run.temporary.glob("holdfast-pytest-*"))

    def test_options_are_passed_on(run, monkeypatch):
        log = run.temporary / "mine"
        result = run("def test_wrong(): bad()\n", "--holdfast-options", "rules=HF101=off:log_path=%s" % log)
        result.assert_outcomes(passed=1)
        monkeypatch.setenv("HOLDFAST_OPTIONS", "rules=all=off")
        result = run("def test_wrong(): bad()\n", "--holdfast-options", "rules=stale-use=error:log_path=%s" % log)
        result.assert_outcomes(failed=1)
        assert list(run.temporary.glob("mine.*")) and not list(run.temporary.glob("holdfast-pytest-*"))

    def test_outside_of_tests(run):
        result = run("bad()\ndef test_right(): pass\n")
        result.assert_outcomes(passed=1)
        result.stdout.fnmatch_lines(["1 violation outside of tests:", "Holdfast HF101 stale-use*"])
        assert result.ret == 1
        assert run("bad()\ndef test_right(): pass\n", "--holdfast-options", "rules=HF101=off").ret == 0

    def test_junitxml(run, pytester):
        run("def test_wrong(): bad()\n@pytest.fixture\ndef after():\n    yield\n    bad()\ndef test_teardown(after): pass\n", "--junitxml=junit.xml")
        import xml.etree.ElementTree
        suite = xml.etree.ElementTree.parse(pytester.path / "junit.xml").getroot()[0]
        cases = {case.get("name"): case for case in suite.iter("testcase")}
        assert (suite.get("failures"), suite.get("errors")) == ("1", "1")
        assert "HF101 stale-use" in cases["test_wrong"].find("failure").text and "HF101" in cases["test_teardown"].find("error").text
        assert cases["test_wrong"].find("properties/property").attrib == {"name": "holdfast", "value": "HF101"}

    def test_xdist(run):
        pytest.importorskip("xdist")
        result = run("bad()\ndef test_right(): pass\ndef test_wrong(): bad()\n@pytest.mark.holdfast_allow('HF101')\ndef test_may(): bad()\n@pytest.mark.parametrize('i', range(6))\ndef test_many(i): create()\n"
                     "kept = []\ndef test_leak(): kept.append(create())\n", "-n", "2", "-rA", "--holdfast-leaks")
        result.assert_outcomes(passed=9, failed=1, errors=1)
        assert failed_in(result)["test_wrong"] == ["FAILED"] and failed_in(result)["test_leak"] == ["PASSED", "ERROR"]
        result.stdout.fnmatch_lines(["HF101 in 1 test", "HF115 in 1 test", "2 violations outside of tests:"])

    def test_forked(run):
        pytest.importorskip("pytest_forked")
        if run("def test_right(): pass\n", "--forked", "-p", "no:holdfast", holdfast=False).ret != 0:
            pytest.skip("pytest-forked does not work with this pytest, without Holdfast either")
        result = run("bad()\n@pytest.fixture\ndef before(): bad()\ndef test_setup(before): pass\ndef test_wrong(): bad()\ndef test_right(): create()\ndef test_wrong_too(): bad()\n", "--forked", "-rA")
        assert failed_in(result) == {"test_setup": ["ERROR"], "test_wrong": ["FAILED"], "test_right": ["PASSED"], "test_wrong_too": ["FAILED"]}

    def test_without_the_option_nothing_changes(run, monkeypatch):
        tests = "import holdfast\ndef test_wrong():\n    assert not holdfast.active()\ndef test_may(): pass\n"
        run(tests, holdfast=False).assert_outcomes(passed=2)
        monkeypatch.setenv("LD_PRELOAD", str(BUILD / "shim" / "libholdfast.so"))
        run("def test_wrong(): bad()\n", holdfast=False).assert_outcomes(passed=1)

    def test_started_under_holdfast_it_is_not_started_anew(run, monkeypatch):
        monkeypatch.setenv("LD_PRELOAD", str(BUILD / "shim" / "libholdfast.so"))
        monkeypatch.setenv("HOLDFAST_LIBRARY", "/nowhere")
        result = run("def test_anew(): assert 'HOLDFAST_PYTEST' not in os.environ\ndef test_wrong(): bad()\n")
        result.assert_outcomes(passed=1, failed=1)

    def test_what_cannot_be_done_is_said(run, monkeypatch, pytester):
        monkeypatch.setenv("HOLDFAST_LIBRARY", "/nowhere.so")
        result = run("def test_it(): pass\n")
        assert result.ret == 4
        result.stderr.fnmatch_lines(["ERROR: --holdfast: libholdfast.so is not there: *Looked for /nowhere.so (HOLDFAST_LIBRARY)"])
        monkeypatch.setenv("HOLDFAST_LIBRARY", str(pytester.makefile(".so", no="library")))
        result = run("def test_it(): pass\n")
        assert result.ret == 4
        result.stderr.fnmatch_lines(["*could not be preloaded*"])
        result = pytester.run(sys.executable, "-c", "import pytest, sys; sys.exit(pytest.main(['--holdfast']))")
        assert result.ret == 4
        result.stderr.fnmatch_lines(["*started by a program, which cannot be run anew*"])

    def test_the_library_is_found_beside_the_command(run, monkeypatch):
        monkeypatch.delenv("HOLDFAST_LIBRARY")
        monkeypatch.setenv("PATH", "%s:%s" % (BUILD / "tools", os.environ["PATH"]))
        run("def test_wrong(): bad()\n").assert_outcomes(failed=1)
        monkeypatch.setenv("PATH", "/usr/bin:/bin")
        run("def test_wrong(): bad()\n", "--holdfast-library", BUILD / "shim" / "libholdfast.so").assert_outcomes(failed=1)

    def test_the_console_script_and_other_ways_to_start(run, pytester):
        run("def test_wrong(): bad()\n")
        for command in (["-m", "pytest"], ["-X", "dev", "-m", "pytest", "-p", "no:terminal"]):
            result = pytester.run(sys.executable, *command, "--holdfast")
            assert result.ret == 1, command


# ---- started as a program -----------------------------------------------------------------------------------------------------

SUITE = '''
import pytest
from osgeo import gdal
import holdfast_suite_marker
@pytest.fixture
def dataset():
    return gdal.GetDriverByName("MEM").Create("made", 64, 64)
@pytest.mark.parametrize("number", range(1000))
def test_band(number, dataset):
    band = dataset.GetRasterBand(1)
    band.Fill(number % 200)
    assert band.Checksum() >= 0
    assert sum(range(2000)) == 1999000
'''
TURNS = 15
COUNTED = 100, 300  # tests: what one takes more is the difference of the two


def ways_of(python, folder, environment):
    """name: (command without the file, environment)"""
    begin, end = [python, "-m", "pytest"], ["-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:forked", "-p", "no:randomly"]
    without = begin + ["-p", "no:holdfast"] + end
    preloaded = dict(environment, LD_PRELOAD=environment["HOLDFAST_LIBRARY"], HOLDFAST_OPTIONS="log_path=%s/log" % folder)
    return {"neither": (without, environment), "installed": (begin + end, environment), "preload": (without, preloaded), "preload and --holdfast": (begin + end + ["--holdfast"], preloaded),
            "and --holdfast-leaks": (begin + end + ["--holdfast", "--holdfast-leaks"], preloaded)}


def suite_of(folder, tests):
    path = folder / ("test_suite_%d.py" % tests)
    path.write_text(SUITE.replace("import holdfast_suite_marker\n", "").replace("range(1000)", "range(%d)" % tests))
    return path


def completed(command, environment, folder):
    done = subprocess.run(list(map(str, command)), env=environment, cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(done.stdout + done.stderr)
    return done


def bench(python, folder, environment):
    """Paired runs of the same 1,000 tests: user and system time with the start of the process. Who begins changes with each turn."""
    ways, suite, taken = ways_of(python, folder, environment), suite_of(folder, 1000), {}

    def seconds(command, environment):
        before = os.times()
        completed(command + [suite], environment, folder)
        after = os.times()
        return after.children_user + after.children_system - before.children_user - before.children_system

    for turn in range(-1, TURNS):  # the first one compiles the tests and warms the disk's cache
        names = list(ways)[turn % len(ways):] + list(ways)[:turn % len(ways)]
        for way in names:
            taken.setdefault(way, []).append(seconds(*ways[way]))
    print("median of %d paired runs of 1,000 tests, processor time with the process's start; behind +- half the distance of the quartiles" % TURNS)
    for way in ways:
        ratios = [statistics.quantiles([one / other for one, other in zip(taken[way][1:], taken[base][1:])], n=4) for base in ("neither", "preload")]
        fastest = [min(taken[way][1:]) / min(taken[base][1:]) for base in ("neither", "preload")]
        print("%-24s %.2f s, %.3f +-%.3f of neither, %.3f +-%.3f of the preload alone; the fastest runs %.3f and %.3f" % (
            way, statistics.median(taken[way][1:]), *[number for low, middle, high in ratios for number in (middle, (high - low) / 2)], *fastest))


def count(python, folder, environment):
    """Instructions of a test, by callgrind: the same on a busy machine."""
    ways, found = ways_of(python, folder, dict(environment, PYTHONHASHSEED="0")), {}
    for way, (command, variables) in ways.items():
        for tests in COUNTED:
            whole = command + [suite_of(folder, tests)]
            completed(whole, variables, folder)  # compiles what is not compiled yet
            done = completed(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *whole], variables, folder)
            found.setdefault(way, []).append(int(re.search(r"Collected : (\d+)", done.stderr).group(1)))
        each = {name: (counts[1] - counts[0]) / (COUNTED[1] - COUNTED[0]) for name, counts in found.items()}
        print("%-24s %.0f instructions a test, %.3f of neither; a run of %d tests, with the start of the process, %.3f of neither" % (
            way, each[way], each[way] / each["neither"], COUNTED[1], found[way][1] / found["neither"][1]), flush=True)


def main():
    from support import BUILD, LIBRARY, install_package, workshop
    with workshop() as folder:
        python = install_package(folder)
        environment = dict(os.environ, HOLDFAST_TEST_BUILD=str(BUILD), HOLDFAST_LIBRARY=LIBRARY, PYTHONDONTWRITEBYTECODE="1")
        if sys.argv[2:] in (["bench"], ["count"]):
            del environment["PYTHONDONTWRITEBYTECODE"]  # pytest compiles plugins anew each time without
            return {"bench": bench, "count": count}[sys.argv[2]](python, pathlib.Path(folder), environment)
        done = subprocess.run([python, "-m", "pytest", "-p", "no:cacheprovider", "-q", "--rootdir", folder, "-c", os.devnull, "--basetemp", folder / "base", __file__, *sys.argv[2:]], env=environment, cwd=folder)
        return done.returncode


if __name__ == "__main__":
    sys.exit(main())
