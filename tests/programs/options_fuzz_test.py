"""The parser of options with inputs that libFuzzer chooses, beginning with tests/unit/seeds/options: see tests/unit/options_fuzz.c.

usage: options_fuzz_test.py BUILD_DIRECTORY [RUNS]
"""
import shutil
import subprocess
import sys

from support import BUILD, FOLDER, check, finish, skip, workshop

ROOT = FOLDER.parents[1]
SOURCES = [ROOT / "tests/unit/options_fuzz.c", ROOT / "shim/options.c", ROOT / "tracker/levels.c", ROOT / "tracker/rules.c"]
SEEDS = ROOT / "tests/unit/seeds/options"


def fuzzer(folder):
    """The fuzz target; None where no clang can make one."""
    program = folder / "options_fuzz"
    command = ["clang", "-std=gnu17", "-D_GNU_SOURCE", "-O1", "-g", "-fsanitize=fuzzer,address,undefined", "-fno-sanitize-recover=all", "-I", ROOT / "shim", "-I", ROOT / "tracker",
               "-I", BUILD / "shim", "-o", program, *SOURCES]
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError:
        return None
    missing = "fuzzer" in done.stderr and "cannot find" in done.stderr
    if done.returncode != 0 and not missing:
        check("the fuzz target compiles", False, done.stderr)
    return program if done.returncode == 0 else None


with workshop() as folder:
    program = fuzzer(folder)
    runs = sys.argv[2] if len(sys.argv) > 2 else "200000"
    if program is None:
        skip("fuzzing the parser of options", "no clang with libFuzzer")
        sys.exit(finish() or 77)
    shutil.copytree(SEEDS, folder / "seeds")
    done = subprocess.run([program, "-runs=" + runs, "-seed=1", "-max_len=600", "-verbosity=0", "-print_final_stats=1", folder / "seeds"], cwd=folder, capture_output=True, text=True, errors="replace")
    check("%s inputs, each understood or told of" % runs, done.returncode == 0 and "stat::number_of_executed_units" in done.stderr, done.stderr)
sys.exit(finish())
