"""Suppressions: what they hide and what not, what a mistake in a file costs, and that a generated one silences exactly its report.

usage: suppressions_test.py BUILD_DIRECTORY
"""
import json
import os
import re
import subprocess
import sys

from support import (COMMAND, PYTHON, check, check_equal, check_run, compile_c, environment, finish, gdal_flags, make_inputs, run, workshop)

# Two stale bands used in one function, by two functions of the API on one line; a second free of a dataset through ctypes.
PROGRAM = """
import ctypes, ctypes.util
from osgeo import gdal
gdal.UseExceptions()

def use(band):
    for number in range(3):
        print(band.Checksum(), band.XSize, band.ReadRaster(0, 0, 1, 1) is not None)

def first():
    ds = gdal.Open('rgb.tif')
    band = ds.GetRasterBand(1)
    del ds
    return band

def second():
    ds = gdal.Open('rgb.tif')
    band = ds.GetRasterBand(2)
    del ds
    return band

for make in (first, second):
    use(make())
library = ctypes.CDLL(ctypes.util.find_library('gdal'))
library.GDALOpen.restype = ctypes.c_void_p
dataset = ctypes.c_void_p(library.GDALOpen(b'rgb.tif', 0))
library.GDALClose(dataset)
library.GDALClose(dataset)
"""
# In C the caller leaves no trace; the function that is wrong is static, so only debug information knows it.
C_PROGRAM = r"""
#include <gdal.h>
#include <stdio.h>

static __attribute__((noinline)) int width_of(GDALDatasetH dataset)
{
    return GDALGetRasterXSize(dataset) + 0 * getchar();
}

int main(void)
{
    GDALAllRegister();
    GDALDatasetH dataset = GDALOpen("rgb.tif", GA_ReadOnly);
    GDALClose(dataset);
    printf("%d\n", width_of(dataset));
    GDALClose(dataset);
    return 0;
}
"""
RULES = ["HF101", "HF101", "HF103"]


def program(folder, suppressions=None, script="program.py", **options):
    """The script with a file of suppressions: their text, or the name of a file, or none."""
    if suppressions is not None and "\n" in suppressions:
        (folder / "given.supp").write_text(suppressions)
        suppressions = "given.supp"
    options = {"exitcode": 9, **({"suppressions": suppressions} if suppressions else {}), **options}
    return run([PYTHON, script] if script.endswith(".py") else [folder / script], options=options, cwd=folder)


def closing(result):
    return [line for line in result.stderr.splitlines() if "uppress" in line]


# ---- what they hide ---------------------------------------------------------------------------------------------------


def test_forms(folder, plain):
    line = 1 + PROGRAM.splitlines().index("        print(band.Checksum(), band.XSize, band.ReadRaster(0, 0, 1, 1) is not None)")
    # text, reports that are left
    cases = {
        "a function of the API": ("HF103:function:GDALClose\n", ["HF101", "HF101"]),
        "a Python function": ("HF101:function:use\n", ["HF103"]),
        "any rule": ("*:file:program.py\n", []),
        "a file and line": ("stale-use:file:program.py:%d\n" % line, ["HF103"]),
        "the shown line of one stack": ("HF101:used:place:program.py:%d\n" % line, ["HF103"]),
        "a function in the stack that is meant": ("HF101:obtained:function:second\n", ["HF101", "HF103"]),
        "a function that is only in another stack": ("HF101:used:function:second\n", RULES),
        "a module": ("HF101:module:_gdal.cpython*.so\n", ["HF103"]),
        "a block": ("{\n  the second band\n  HF101\n  used:function:use\n  obtained:function:second\n}\n", ["HF101", "HF103"]),
        "a block of which one part does not match": ("{\n  the second band\n  HF101\n  used:function:use\n  obtained:function:third\n}\n", RULES),
        "another rule": ("HF106:function:*\n", RULES),
        "a part of a name": ("HF103:function:Close\n", RULES),
    }
    for name, (text, left) in cases.items():
        result = program(folder, text, unused_suppressions=0)
        check_run("%s: what is left" % name, result, 9 if left else 0, plain.stdout, left)
    check_equal("the same in mode reject", ["HF103"], program(folder, "HF101:function:use\n", mode="reject").reports)


def test_effects(folder, plain):
    """A suppressed violation is no error and is in no log, but the memory is as safe as before."""
    result = program(folder, "*:function:*\n", summary=0)
    check_run("suppressed: silence with summary=0", result, 0, plain.stdout, (), "")
    update = "from osgeo import gdal\ngdal.UseExceptions()\nds = gdal.Open('rgb.tif', 1)\nband = ds.GetRasterBand(1)\ndel ds\n" \
             "try:\n    band.Checksum()\nexcept RuntimeError as error:\n    print(str(error).split(':')[0])\n"
    (folder / "update.py").write_text(update)
    result = program(folder, "HF101:function:*\n", script="update.py", halt_on_error=1)
    check_run("suppressed: refused all the same, and the library's error tells it", result, 0, "Holdfast HF101 stale-use\n", ())
    (folder / "given.supp").write_text("*:function:*\n")
    for supp, status in (("given.supp", 0), (None, 7)):
        done = subprocess.run([COMMAND, "run", "--error-exitcode", "7", *(["--suppressions", supp] if supp else []), "--", PYTHON, "program.py"],
                              capture_output=True, text=True, cwd=folder, timeout=60, env=environment(preload=False))
        check_equal("holdfast run --error-exitcode %s --suppressions" % ("with" if supp else "without"), status, done.returncode)
    (folder / "other.supp").write_text("HF103:function:GDALClose\n")
    result = program(folder, "given.supp:suppressions=other.supp", unused_suppressions=0)
    check_run("several files by repeating the option", result, 0, plain.stdout, ())
    (folder / "given.supp").write_text("HF101:function:use\n")
    done = subprocess.run([COMMAND, "run", "--suppressions", "given.supp", "--suppressions=other.supp", "--", PYTHON, "program.py"],
                          capture_output=True, text=True, cwd=folder, timeout=60, env=environment(preload=False))
    check("several files by repeating the option of the command", "Holdfast HF" not in done.stderr and "4 suppressed" not in done.stderr and "suppressed" in done.stderr, done.stderr)


def test_closing(folder):
    text = "HF101:obtained:function:first\n{\n  the double close\n  HF103\n  function:GDALClose\n}\nHF106:function:Nobody\n"
    result = program(folder, text)
    check("the closing lines name what matched, how often and where it is written", [
        bool(re.search(r"Holdfast summary: 1 violation \(HF101: 1\), \d+ repeats, 1 refused, \d+ suppressed$", result.stderr, re.M)),
        bool(re.search(r"Holdfast: suppressed [1-9]\d* times by 'HF101:obtained:function:first' \(given.supp:1\)$", result.stderr, re.M)),
        bool(re.search(r"Holdfast: suppressed 1 time by 'the double close' \(given.supp:2\)$", result.stderr, re.M)),
        bool(re.search(r"Holdfast: the suppression 'HF106:function:Nobody' \(given.supp:7\) was not used$", result.stderr, re.M))] == [True] * 4, result)
    check("unused_suppressions=0 does not name the unused", "was not used" not in program(folder, text, unused_suppressions=0).stderr, "")
    result = program(folder, text, log_format="json")
    summary = json.loads(result.stderr.splitlines()[-1])
    counts = {(entry["name"], entry["file"], entry["line"]): entry["count"] for entry in summary["suppressions"]}
    check("the JSON summary has them", summary["type"] == "summary" and summary["rules"] == {"HF101": 1} and counts[("the double close", "given.supp", 2)] == 1 and
          counts[("HF106:function:Nobody", "given.supp", 7)] == 0 and sum(counts.values()) == summary["suppressed"] > 1, summary)
    (folder / "good.py").write_text("from osgeo import gdal\nds = gdal.Open('rgb.tif')\nprint(ds.RasterXSize)\n")
    result = program(folder, text, script="good.py", unused_suppressions=0)
    check_run("a right program and nothing to name: silence", result, 0, None, (), "")
    check_equal("a right program names the unused", 3, program(folder, text, script="good.py").stderr.count("was not used"))
    (folder / "none.py").write_text("print(1)\n")
    check_run("a process without the libraries says nothing of a file with mistakes", program(folder, "nonsense\n", script="none.py"), 0, "1\n", (), "")
    (folder / "fork.py").write_text("import os, sys\nfrom osgeo import gdal\nds = gdal.Open('rgb.tif')\nsys.stdout.flush()\nchild = os.fork()\nif child:\n    os.waitpid(child, 0)\n")
    check_equal("a forked child does not name what it had no chance to use", 3, program(folder, text, script="fork.py").stderr.count("was not used"))


# ---- mistakes -----------------------------------------------------------------------------------------------------------


def test_mistakes(folder, plain):
    text = "# known\nHF999:function:x\nHF101:function:use\nHF103:fnuction:GDALClose\n{\n  no end\n  HF103\n"
    result = program(folder, text)
    lines = [line for line in result.stderr.splitlines() if line.startswith("holdfast: ")]
    check_run("mistakes: the other entries hold, the program runs on", result, 9, plain.stdout, ["HF103"])
    check_equal("mistakes: each is named with file and line", ["given.supp:2: ", "given.supp:4: ", "given.supp:7: "],
                [line[len("holdfast: suppressions: "):][:14] for line in lines])
    check("mistakes: and the remedy", "HF101 to HF119" in lines[0] and "function:, module:" in lines[1] and "'}'" in lines[2], lines)
    result = program(folder, "nonsense\n" * 30)
    check("many mistakes: eight are told, the others counted", result.stderr.count("is not understood") == 8 and "has 22 more mistakes" in result.stderr, result)
    os.mkfifo(folder / "pipe")
    (folder / "folder").mkdir()
    (folder / "noise").write_bytes(bytes(range(256)) * 2000)
    for name, words in (("missing.supp", "No such file"), ("folder", "no regular file"), ("pipe", "no regular file"), ("noise", "noise")):
        result = program(folder, name)
        check_run("%s: the program runs on, nothing is suppressed" % name, result, 9, plain.stdout, RULES)
        check("%s: it is said" % name, any(line.startswith("holdfast: suppressions: ") and words in line and name in line for line in result.stderr.splitlines()), result)
    done = subprocess.run([COMMAND, "run", "--suppressions", "missing.supp", "--", PYTHON, "program.py"], capture_output=True, text=True, cwd=folder, timeout=60,
                          env=environment(preload=False))
    check("holdfast run stops for a missing file", done.returncode == 2 and "missing.supp" in done.stderr and done.stdout == "", done)


# ---- generating ---------------------------------------------------------------------------------------------------------


def blocks(text):
    return re.findall(r"^\{\n.*?^\}\n", text, re.M | re.S)


def test_generated(folder, script, plain, rules):
    """Generate, suppress: silence. Leave one out: just that one comes."""
    generated = program(folder, script=script, gen_suppressions=1)
    found = blocks(generated.stderr)
    check_run("%s: reports as before" % script, generated, 9, plain.stdout, rules)
    if not check_equal("%s: one entry for each report" % script, len(rules), len(found)):
        return
    result = program(folder, "".join(found), script=script)
    check_run("%s: all of them suppressed" % script, result, 0, plain.stdout, ())
    check("%s: none is complained of or unused" % script, "holdfast: " not in result.stderr and "not used" not in result.stderr, result)
    result = program(folder, "".join(found), script=script, summary=0)
    left = [line for line in result.stderr.splitlines() if not line.startswith("ERROR 1: Holdfast HF")]  # what GDAL prints of a refused call
    check_run("%s: no report with summary=0" % script, result, 0, plain.stdout, ())
    check_equal("%s: nothing of Holdfast's with summary=0" % script, [], left)
    for index, rule in enumerate(rules):
        result = program(folder, "".join(found[:index] + found[index + 1:]) or "# none\n", script=script)
        check_run("%s: without entry %d just its report comes" % (script, index + 1), result, 9, plain.stdout, [rule])
    result = program(folder, script=script, gen_suppressions=1, log_format="json")
    entries = [json.loads(line).get("suppression") for line in result.stderr.splitlines() if '"violation"' in line]
    check_equal("%s: the same entries in JSON" % script, found, entries)
    (folder / "made.supp").unlink(missing_ok=True)
    done = subprocess.run([COMMAND, "run", "--gen-suppressions=made.supp", "--", *([PYTHON, script] if script.endswith(".py") else [folder / script])],
                          capture_output=True, text=True, cwd=folder, timeout=60, env=environment(preload=False))
    check_equal("%s: the same entries in a file, none in the log" % script, ("".join(found), []), ((folder / "made.supp").read_text(), blocks(done.stderr)))
    (folder / "log.txt").write_text(generated.stderr)
    done = subprocess.run([COMMAND, "report", "--format", "json", "log.txt"], capture_output=True, text=True, cwd=folder, timeout=60)
    check("%s: holdfast report reads a log with entries in it" % script, done.returncode == 0 and len(json.loads(done.stdout)["violations"]) == len(rules), done.stderr)


def test_odd_names(folder):
    """A path that looks like a pattern is taken as it is."""
    odd = folder / "a*b?c [1] \\d"
    odd.mkdir()
    (odd / "program é.py").write_text("import os\nos.chdir(%r)\n" % str(folder) + PROGRAM)
    script = str(odd / "program é.py")
    found = blocks(program(folder, script=script, gen_suppressions=1).stderr)
    check("odd names: wildcards are escaped", len(found) == 3 and "a\\*b\\?c [1] \\\\d/program é.py:" in found[0], found)
    check_run("odd names: the entries match", program(folder, "".join(found), script=script, summary=0), 0, None, (), "")


# ---- holdfast report ------------------------------------------------------------------------------------------------------


def test_report(folder):
    """The tools know source lines and static functions, which the running process does not."""
    line = 1 + C_PROGRAM.splitlines().index("    return GDALGetRasterXSize(dataset) + 0 * getchar();")
    result = run([folder / "program"], options="log_format=json", cwd=folder)
    (folder / "log.json").write_text(result.stderr)

    def report(text, *more):
        (folder / "tools.supp").write_text(text)
        done = subprocess.run([COMMAND, "report", *more, "--suppressions", "tools.supp", "log.json"], capture_output=True, text=True, cwd=folder, timeout=60)
        return done
    for text, left in (("HF102:function:width_of\n", ["HF103"]), ("HF102:file:program.c:%d\n" % line, ["HF103"]), ("HF102:used:place:program.c:%d\n" % line, ["HF103"]),
                       ("HF102:freed:function:width_of\n", ["HF102", "HF103"]), ("*:function:main\n", []), ("HF103:used:function:GDALClose\n", ["HF102"])):
        document = json.loads(report(text, "--format", "json").stdout)
        check_equal("holdfast report: %s leaves" % text.strip(), left, [violation["rule"] for violation in document["violations"]])
        check_equal("holdfast report: %s, counts" % text.strip(), (2 - len(left), [2 - len(left)]),
                    (document["totals"]["suppressed"], [entry["count"] for entry in document["suppressions"]]))
    done = report("HF102:function:width_of\nnonsense\n")
    check("holdfast report: text tells how many, and of a mistake", "1 violation suppressed" in done.stdout and "suppressed 1 by 'HF102:function:width_of' (tools.supp:1)" in
          done.stdout and "tools.supp:2: 'nonsense'" in done.stderr and "HF102" not in done.stdout.replace("HF102:function", ""), done.stdout + done.stderr)
    done = subprocess.run([COMMAND, "report", "--suppressions", "missing", "log.json"], capture_output=True, text=True, cwd=folder, timeout=60)
    check("holdfast report: a missing file is wrong usage", done.returncode == 2 and "'missing' cannot be read" in done.stderr, done.stderr)


with workshop() as folder:
    make_inputs(folder)
    (folder / "program.py").write_text(PROGRAM)
    compile_c(C_PROGRAM, folder / "program", *gdal_flags())
    plain = program(folder)
    check_run("without suppressions", plain, 9, None, RULES)
    plain_c = program(folder, script="program")
    check_run("without suppressions, in C", plain_c, 9, None, ["HF102", "HF103"])
    test_forms(folder, plain)
    test_effects(folder, plain)
    test_closing(folder)
    test_mistakes(folder, plain)
    test_generated(folder, "program.py", plain, RULES)
    test_generated(folder, "program", plain_c, ["HF102", "HF103"])
    test_odd_names(folder)
    test_report(folder)
sys.exit(finish())
