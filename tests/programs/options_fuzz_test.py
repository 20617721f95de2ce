"""The parser of options with inputs that libFuzzer chooses, beginning with tests/unit/seeds/options: see tests/unit/options_fuzz.c.

usage: options_fuzz_test.py BUILD_DIRECTORY [RUNS]
"""
import shutil
import sys

from fuzzing import compile_fuzzer, fuzz, left_out
from support import BUILD, FOLDER, finish, workshop

ROOT = FOLDER.parents[1]
SOURCES = [ROOT / "tests/unit/options_fuzz.c", ROOT / "shim/options.c", ROOT / "tracker/levels.c", ROOT / "tracker/rules.c"]

with workshop() as folder:
    runs = sys.argv[2] if len(sys.argv) > 2 else "200000"
    if not compile_fuzzer(folder / "options_fuzz", SOURCES, "-I", ROOT / "shim", "-I", ROOT / "tracker", "-I", BUILD / "shim"):
        sys.exit(left_out("fuzzing the parser of options"))
    shutil.copytree(ROOT / "tests/unit/seeds/options", folder / "seeds")
    fuzz(folder / "options_fuzz", runs, "%s inputs, each understood or told of" % runs, folder / "seeds", "-max_len=600")
sys.exit(finish())
