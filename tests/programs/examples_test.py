"""The programs that `holdfast explain` shows: each compiles without a warning, the wrong one gives its rule and the right one gives nothing, also
with leaks and advice told.

usage: examples_test.py BUILD_DIRECTORY
"""

import re
import subprocess
import sys

from support import COMMAND, FOLDER, PYTHON, check, check_equal, check_run, copy_of_gdal, environment, finish, gdal_flags, run, skip, workshop

EXAMPLES = FOLDER.parents[1] / "tools" / "examples"
# Rules that Python code can hardly break: its bindings take the free, the cast or the second owner from it.
C_ONLY = ["HF102", "HF103", "HF109", "HF111", "HF114", "HF115", "HF119"]
OPTIONS = {"log_path": "stderr", "advice": 1, "leaks": "all"}


def rules():
    text = (FOLDER.parents[1] / "tracker" / "rules.def").read_text()
    return ["HF" + number for number in re.findall(r"^RULE\((\d+),", text, re.M)]


def compiled(path, folder):
    target = folder / path.stem
    done = subprocess.run(["cc", "-std=gnu17", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-o", str(target), str(path), *gdal_flags(), "-lgeos_c", "-lproj", "-ldl", "-lpthread"],
                          capture_output=True, text=True)
    check("%s compiles without a warning" % path.name, done.returncode == 0, done.stderr)
    return [target] if done.returncode == 0 else None


def arguments_of(rule, folder):
    """HF111 needs a second copy of the library."""
    return [copy_of_gdal(folder)] if rule == "HF111" else []


def test_example(path, folder):
    rule, kind, language = path.name.split(".")
    argv = compiled(path, folder) if language == "c" else [PYTHON, path]
    if argv is None:
        return
    arguments = arguments_of(rule, folder)
    if None in arguments:
        skip(path.name, "patchelf or libgdal is not installed")
        return
    result = run([*argv, *arguments], options=OPTIONS, cwd=folder)
    if kind == "wrong":
        check("%s: %s is what comes first" % (path.name, rule), result.reports[:1] == [rule] and not result.timed_out, result)
    else:
        plain = run([*argv, *arguments], preload=False, cwd=folder)
        check_run("%s: silent" % path.name, result, 0, plain.stdout, (), plain.stderr)
        check("%s: fine without Holdfast" % path.name, plain.status == 0, plain)


def test_explain(rule, names):
    """`holdfast explain` shows the very programs."""
    done = subprocess.run([COMMAND, "explain", rule], capture_output=True, text=True, env=environment(preload=False))
    lines = [line.strip() for line in done.stdout.splitlines()]
    missing = []
    for name in names:
        text = [line.strip() for line in (EXAMPLES / name).read_text().splitlines()]
        if not any(lines[start:start + len(text)] == text for start in range(len(lines))):
            missing.append(name)
    check("holdfast explain %s: what to do, and its programs" % rule, done.returncode == 0 and "What to do:" in lines and not missing, "missing: %s\n%s" % (missing, done.stdout))


with workshop() as folder:
    names = {path.name for path in EXAMPLES.iterdir()}
    wanted = {"%s.%s.%s" % (rule, kind, language) for rule in rules() for kind in ("wrong", "right") for language in ("c", "py")
              if language == "c" or rule not in C_ONLY}
    check_equal("every rule has its programs, and nothing else lies there", sorted(wanted), sorted(names))
    for path in sorted(EXAMPLES.iterdir()):
        test_example(path, folder)
    for rule in rules():
        test_explain(rule, [name for name in sorted(names) if name.startswith(rule)])
sys.exit(finish())
