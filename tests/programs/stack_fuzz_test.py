"""The walks of tests/unit/stack_walk.c with inputs that libFuzzer chooses: made-up stacks, damaged at random, are never taken for what they
were, and nothing outside of them is read.

usage: stack_fuzz_test.py BUILD_DIRECTORY [RUNS]
"""
import random
import subprocess
import sys

from support import FOLDER, check, finish, skip, workshop

TARGET = FOLDER.parent / "unit" / "stack_walk.c"
WALK = FOLDER.parents[1] / "shim" / "stack_walk.c"


def fuzzer(folder):
    """The fuzz target; None where no clang can make one."""
    program = folder / "stack_walk_fuzz"
    command = ["clang", "-std=gnu17", "-O1", "-g", "-DLIBFUZZER", "-fsanitize=fuzzer,address,undefined", "-fno-sanitize-recover=all", "-o", program, TARGET, WALK]
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError:
        return None
    missing = "fuzzer" in done.stderr and "cannot find" in done.stderr
    if done.returncode != 0 and not missing:
        check("the fuzz target compiles", False, done.stderr)
    return program if done.returncode == 0 else None


def seeds(folder):
    """Inputs to begin with: libFuzzer makes long ones of nothing too slowly."""
    folder.mkdir()
    chance = random.Random(1)
    for number in range(200):
        (folder / str(number)).write_bytes(chance.randbytes(100 + chance.randrange(600)))
    return folder


with workshop() as folder:
    program = fuzzer(folder)
    runs = sys.argv[2] if len(sys.argv) > 2 else "200000"
    if program is None:
        skip("fuzzing the walks of stacks", "no clang with libFuzzer")
        sys.exit(77)
    done = subprocess.run([program, "-runs=" + runs, "-seed=1", "-max_len=700", "-verbosity=0", "-print_final_stats=1", seeds(folder / "seeds")], cwd=folder, capture_output=True, text=True, errors="replace")
    check("%s inputs, no walk that is wrong or goes astray" % runs, done.returncode == 0 and "stat::number_of_executed_units" in done.stderr, done.stderr)
sys.exit(finish())
