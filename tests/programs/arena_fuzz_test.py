"""The reader and the check of arenas (tests/unit/arena_fuzz.c) with files that libFuzzer makes up, from small real ones.

usage: arena_fuzz_test.py BUILD_DIRECTORY [RUNS]
"""
import subprocess
import sys

from support import COMMAND, FOLDER, check, finish, skip, workshop

TARGET = FOLDER.parent / "unit" / "arena_fuzz.c"
TRACKER = FOLDER.parents[1] / "tracker"
SANITIZED = ["-std=gnu17", "-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-I", TRACKER]


def build(target, *flags):
    """False where no clang can."""
    try:
        done = subprocess.run(["clang", *SANITIZED, *flags, "-o", target, TARGET, *sorted(TRACKER.glob("*.c"))], capture_output=True, text=True)
    except FileNotFoundError:
        return False
    missing = "cannot find" in done.stderr and "fuzzer" in done.stderr
    if done.returncode != 0 and not missing:
        check("the fuzz target compiles", False, done.stderr)
    return done.returncode == 0


with workshop() as folder:
    runs = sys.argv[2] if len(sys.argv) > 2 else "15000"
    if not build(folder / "fuzz", "-fsanitize=fuzzer") or not build(folder / "seeds", "-DSEEDS"):
        skip("fuzzing the reader of arenas", "no clang with libFuzzer")
        sys.exit(77)
    seeds = folder / "begin"
    seeds.mkdir()
    subprocess.run([folder / "seeds", seeds], check=True)
    done = subprocess.run([folder / "fuzz", "-runs=0", seeds], cwd=folder, capture_output=True, text=True, errors="replace")
    sound = subprocess.run([COMMAND, "report", "--check", *seeds.iterdir()], capture_output=True, text=True)
    check("the arenas to begin with are sound", sound.returncode == 0 and sound.stdout.count(": sound") == 6, sound)
    check("... and read", done.returncode == 0 and len(list(seeds.iterdir())) == 6, done.stderr)
    done = subprocess.run([folder / "fuzz", "-runs=" + runs, "-seed=1", "-max_len=40000", "-len_control=0", "-verbosity=0", "-print_final_stats=1", seeds], cwd=folder, capture_output=True,
                          text=True, errors="replace")
    check("%s files, none led the reader or the check astray" % runs, done.returncode == 0 and "stat::number_of_executed_units" in done.stderr, done.stderr)
    print("      " + " ".join(line for line in done.stderr.splitlines() if "executed_units" in line or "average_exec" in line or "peak_rss" in line))
sys.exit(finish())
