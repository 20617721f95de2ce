"""The reader and the check of arenas (tests/unit/arena_fuzz.c) with files that libFuzzer makes up, from small real ones.

usage: arena_fuzz_test.py BUILD_DIRECTORY [RUNS]
"""
import subprocess
import sys

from fuzzing import compile_fuzzer, compile_sanitized, fuzz, left_out
from support import COMMAND, FOLDER, check, finish, workshop

TARGET = FOLDER.parent / "unit" / "arena_fuzz.c"
TRACKER = FOLDER.parents[1] / "tracker"
SOURCES = [TARGET, *sorted(TRACKER.glob("*.c"))]

with workshop() as folder:
    runs = sys.argv[2] if len(sys.argv) > 2 else "15000"
    if not compile_fuzzer(folder / "fuzz", SOURCES, "-I", TRACKER) or not compile_sanitized(folder / "seeds", SOURCES, "-DSEEDS", "-I", TRACKER):
        sys.exit(left_out("fuzzing the reader of arenas"))
    seeds = folder / "begin"
    seeds.mkdir()
    subprocess.run([folder / "seeds", seeds], check=True)
    done = subprocess.run([folder / "fuzz", "-runs=0", seeds], cwd=folder, capture_output=True, text=True, errors="replace")
    sound = subprocess.run([COMMAND, "report", "--check", *seeds.iterdir()], capture_output=True, text=True)
    check("the arenas to begin with are sound", sound.returncode == 0 and sound.stdout.count(": sound") == 6, sound)
    check("... and read", done.returncode == 0 and len(list(seeds.iterdir())) == 6, done.stderr)
    numbers = fuzz(folder / "fuzz", runs, "%s files, none led the reader or the check astray" % runs, seeds, "-max_len=40000", "-len_control=0")
    print("      " + " ".join(line for line in numbers if "executed_units" in line or "average_exec" in line or "peak_rss" in line))
sys.exit(finish())
