"""Levels of rules: what each of off, advice, warn, error and fatal does to the log, the exit status and the program.

usage: levels_test.py BUILD_DIRECTORY
"""
import json
import subprocess
import sys

from support import COMMAND, PYTHON, check, check_equal, check_run, environment, finish, make_inputs, run, workshop

# A band of a dataset open for update is used after the dataset: HF101, refused, and the bindings raise what the library's own error says.
PROGRAM = """
from osgeo import gdal
gdal.UseExceptions()
ds = gdal.Open('rgb.tif', 1)
band = ds.GetRasterBand(1)
del ds
try:
    band.Checksum()
except RuntimeError as error:
    print(str(error).split(':')[0])
print('end')
"""
REFUSED = "Holdfast HF101 stale-use\nend\n"


def program(folder, rules, **options):
    text = ":".join(["exitcode=9", "rules=" + rules] + ["%s=%s" % item for item in options.items()])
    return run([PYTHON, "program.py"], options=text, cwd=folder)


def test_levels(folder):
    """The call is refused and the library's own error tells of it whatever the level."""
    # level: report, its severity, exit status
    for level, reports, severity, status in (("off", [], None, 0), ("advice", [], None, 0), ("warn", ["HF101"], "warning", 0), ("error", ["HF101"], "error", 9)):
        result = program(folder, "HF101=" + level)
        check_run("level %s" % level, result, status, REFUSED, reports)
        check("level %s: severity in text" % level, severity is None or "Holdfast HF101 stale-use (%s): " % severity in result.stderr, result)
        check("level %s: %s" % (level, "a closing line" if reports else "not a word"), (result.summary is not None) == bool(reports) and (reports or result.stderr == ""), result)
    result = program(folder, "HF101=advice", advice=1)
    check_run("level advice with advice=1", result, 0, REFUSED, ["HF101"])
    check("level advice: severity in text", "(advice): " in result.stderr, result)
    result = program(folder, "HF101=fatal")
    check_run("level fatal: the process ends with exitcode right after the report", result, 9, "", ["HF101"])
    check("level fatal: severity in text", "Holdfast HF101 stale-use (fatal): " in result.stderr, result)
    result = run([PYTHON, "program.py"], options="rules=HF101=fatal", cwd=folder)
    check_run("level fatal without exitcode ends with 1", result, 1, "", ["HF101"])
    result = program(folder, "HF101=warn", halt_on_error=1)
    check_run("halt_on_error does not halt at a warning", result, 0, REFUSED, ["HF101"])


# A dataset is used three times and closed again after its close: four calls are refused, by two rules.
CLOSED = """
import ctypes, ctypes.util
library = ctypes.CDLL(ctypes.util.find_library('gdal'))
library.GDALOpen.restype = ctypes.c_void_p
library.GDALAllRegister()
dataset = ctypes.c_void_p(library.GDALOpen(b'rgb.tif', 0))
library.GDALClose(dataset)
for number in range(3):
    print(library.GDALGetRasterXSize(dataset))
library.GDALClose(dataset)
"""


def test_refused(folder):
    """What is done on behalf of a rule that is off is done, and not told."""
    (folder / "closed.py").write_text(CLOSED)
    for rules, reports, refused in (("HF119=off", ["HF102", "HF103"], 4), ("HF102=off", ["HF103"], 1), ("HF103=off", ["HF102"], 3), ("HF102=advice", ["HF103"], 1)):
        result = run([PYTHON, "closed.py"], options="rules=" + rules, cwd=folder)
        check_run("rules=%s: all four calls are refused" % rules, result, 0, "0\n0\n0\n", reports)
        check("rules=%s: the closing line tells of %d" % (rules, refused), (result.summary or "").endswith(" %d refused" % refused), result.summary)


def test_json(folder):
    for level, severity in (("warn", "warning"), ("error", "error"), ("fatal", "fatal")):
        result = program(folder, "HF101=" + level, log_format="json")
        lines = [json.loads(line) for line in result.stderr.splitlines()]
        check_equal("severity in JSON at level %s" % level, [severity], [line["severity"] for line in lines if line["type"] == "violation"])


def test_lists(folder):
    check_run("all=off, then one rule again", program(folder, "all=off,HF101=error"), 9, REFUSED, ["HF101"])
    check_run("a name for an id", program(folder, "stale-use=off"), 0, REFUSED)
    check_run("several lists add up", program(folder, "HF101=off:rules=HF103=off"), 0, REFUSED)
    check_run("of the same rule the last counts", program(folder, "HF101=off:rules=HF101=warn"), 0, REFUSED, ["HF101"])
    check_run("another rule's level changes nothing", program(folder, "HF102=off,HF106=off"), 9, REFUSED, ["HF101"])
    for text, words in (("HF999=off,HF101=off", ["rules", "'HF999'", "HF101 to HF119"]), ("HF103=loud,HF101=off", ["rules", "'loud'", "off, advice, warn, error or fatal"])):
        result = program(folder, text)
        check_run("rules=%s: the rest of the list holds" % text, result, 0, REFUSED)
        check("rules=%s: one line that names it and the remedy" % text,
              result.stderr.count("\n") == 1 and result.stderr.startswith("holdfast: ") and all(word in result.stderr for word in words), result)


def test_command(folder):
    """`holdfast run --error-exitcode` follows the levels, and checks a list before it starts the program."""
    def command(*arguments):
        return subprocess.run([COMMAND, "run", *arguments, "--", PYTHON, "program.py"], capture_output=True, text=True, cwd=folder, timeout=60,
                              env=environment(preload=False))
    check_equal("--error-exitcode: an error", 7, command("--error-exitcode", "7").returncode)
    check_equal("--error-exitcode: no error at level warn", 0, command("--error-exitcode", "7", "--option", "rules=HF101=warn").returncode)
    result = command("--option", "rules=HF101=warn,HF999=off")
    check("--option rules= with an unknown rule is wrong usage", result.returncode == 2 and "'HF999'" in result.stderr and result.stdout == "", result)


with workshop() as folder:
    make_inputs(folder)
    (folder / "program.py").write_text(PROGRAM)
    test_levels(folder)
    test_refused(folder)
    test_json(folder)
    test_lists(folder)
    test_command(folder)
sys.exit(finish())
