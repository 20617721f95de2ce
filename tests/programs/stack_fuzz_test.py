"""The walks of tests/unit/stack_walk.c with inputs that libFuzzer chooses: made-up stacks, damaged at random, are never taken for what they
were, and nothing outside of them is read.

usage: stack_fuzz_test.py BUILD_DIRECTORY [RUNS]
"""
import random
import sys

from fuzzing import compile_fuzzer, fuzz, left_out
from support import FOLDER, finish, workshop

TARGET = FOLDER.parent / "unit" / "stack_walk.c"
WALK = FOLDER.parents[1] / "shim" / "stack_walk.c"


def seeds(folder):
    """Inputs to begin with: libFuzzer makes long ones of nothing too slowly."""
    folder.mkdir()
    chance = random.Random(1)
    for number in range(200):
        (folder / str(number)).write_bytes(chance.randbytes(100 + chance.randrange(600)))
    return folder


with workshop() as folder:
    runs = sys.argv[2] if len(sys.argv) > 2 else "200000"
    if not compile_fuzzer(folder / "stack_walk_fuzz", [TARGET, WALK], "-DLIBFUZZER"):
        sys.exit(left_out("fuzzing the walks of stacks"))
    fuzz(folder / "stack_walk_fuzz", runs, "%s inputs, no walk that is wrong or goes astray" % runs, seeds(folder / "seeds"), "-max_len=700")
sys.exit(finish())
