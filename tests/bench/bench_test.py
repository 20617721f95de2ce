"""The benchmarks run: each of them, in each variant, small and once. Nothing is said of times here; that they are numbers, and that nothing is
missing among them.

usage: bench_test.py BUILD_DIRECTORY

bench itself makes sure that every measured program ends well, prints the same in all variants, and is told nothing by Holdfast.
"""
import json
import numbers
import pathlib
import subprocess
import sys

FOLDER = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(FOLDER), str(FOLDER.parent)]
import harness  # noqa: E402
import micro  # noqa: E402

TIMED = ("bare", "report", "defer")


def bench(folder, *words):
    """(result of a quick run, its JSON)"""
    path = pathlib.Path(folder) / "results.json"
    path.unlink(missing_ok=True)
    done = subprocess.run([harness.PYTHON, "-B", str(FOLDER / "bench"), "--quick", "--build", sys.argv[1], "--json", str(path), "--scratch", str(folder), *words],
                          capture_output=True, encoding="utf-8", env=harness.clean_environment(), check=False)
    return done, json.loads(path.read_text()) if path.exists() else {}


def run_problems(done, told, name):
    if done.returncode != 0:
        return ["expected it to end well, got status %d\n%s\n%s" % (done.returncode, done.stdout[-2000:], done.stderr[-2000:])]
    problems = [] if told.get("schema") == 1 else ["expected schema 1, got %s" % told.get("schema")]
    problems += [] if told.get(name) else ["expected rows of %s, got none" % name]
    missing = [variant for variant in TIMED if variant not in told.get("variants", {})]
    return problems + ["variant %s was not measured" % variant for variant in missing]


def number_problems(what, found, names, positive=True):
    """A value for each variant, each a number or a median with quartiles."""
    problems = []
    for name in names:
        value = found.get(name)
        parts = [value.get(part) for part in ("low", "median", "high")] if isinstance(value, dict) else [value]
        if not all(isinstance(part, numbers.Real) and (part > 0 or not positive) for part in parts):
            problems.append("%s, variant %s: expected a number%s, got %s" % (what, name, " above 0" if positive else "", value))
        elif parts != sorted(parts):
            problems.append("%s, variant %s: expected the median between its quartiles, got %s" % (what, name, value))
    return problems


def micro_problems(told):
    problems, names = [], set(told["variants"])
    for row in told["micro"]:
        what = "%s/%s" % (row["language"], row["case"])
        problems += number_problems(what + " ns", row["ns"], names)
        problems += number_problems(what + " over bare", row["over_bare_ns"], names - {"bare"}, positive=False)
        if micro.shutil.which("valgrind"):
            problems += number_problems(what + " instructions", row["instructions"], names)
    for language, case in (("c", "use_raster"), ("c", "pair_proj"), ("python", "osgeo_borrow_band"), ("python", "ctypes_new_borrow_geos")):
        if not any((row["language"], row["case"]) == (language, case) for row in told["micro"]):
            problems.append("there is no row of %s/%s" % (language, case))
    return problems


def counts_problems(first, second):
    """What makes the counts worth having: the same again. An arena that happens to lie elsewhere may change a branch or two."""
    problems = []
    for one, other in zip(first["micro"], second["micro"]):
        for name, count in one["instructions"].items():
            if abs(count - other["instructions"][name]) > 1 + count / 100:
                problems.append("%s/%s, variant %s: %s instructions, and %s in a second run" % (one["language"], one["case"], name, count, other["instructions"][name]))
    return problems


def program_problems(told, benchmark):
    problems = []
    for row in told[benchmark]:
        for what in ("cpu_ns", "wall_ns", "peak_bytes"):
            problems += number_problems("%s %s" % (row["program"], what), row[what], told["variants"])
        for what in ("cpu_ratio", "wall_ratio"):
            problems += number_problems("%s %s" % (row["program"], what), row[what], set(told["variants"]) - {"bare"})
    return problems


def growth_problems(told):
    problems = []
    names = list(told["variants"]) + ["defer+arena"]
    for row in told["growth"]:
        what = "%s %s %s" % (row["growth"], row["kind"], row.get("live", row.get("cycles")))
        problems += number_problems(what, row["ns_of_a_birth" if row["growth"] == "live" else "ns_of_a_cycle"], names)
        problems += number_problems(what + " resident", row["resident_bytes"], names, positive=False)
    kinds = {(row["growth"], row["kind"]) for row in told["growth"]}
    wanted = {(sort, kind) for sort in ("live", "cycles") for kind in ("point", "geometry", "feature")}
    return problems + ["there is no row of %s %s" % pair for pair in sorted(wanted - kinds)]


def main():
    harness.use_build(sys.argv[1])
    checks = harness.Checks()
    with micro.tempfile.TemporaryDirectory(prefix="holdfast-bench-test-") as folder:
        for name, words, problems_of in (
                ("micro", ["--depths", "2", "--threads", "1", "--repeats", "1"], micro_problems),
                ("startup", [], lambda told: program_problems(told, "startup")),
                ("programs", [], lambda told: program_problems(told, "programs")),
                ("growth", [], growth_problems)):
            done, told = bench(folder, name, *words)
            problems = run_problems(done, told, name)
            checks.check("bench %s runs" % name, problems)
            if not problems:
                checks.check("bench %s tells of every variant" % name, problems_of(told))
        if micro.shutil.which("valgrind"):
            words = ["micro", "--no-times", "--depths", "2", "--only", "c/use_", "--only", "c/borrow_g"]
            done, first = bench(folder, *words)
            again, second = bench(folder, *words)
            problems = run_problems(done, first, "micro") + run_problems(again, second, "micro")
            checks.check("instructions are the same in two runs", problems or counts_problems(first, second))
        done, _ = bench(folder, "micro", "--variants", "sideways")
        checks.check("a variant that is none is refused", [] if done.returncode == 1 and "no variant sideways" in done.stderr else [done.stderr])
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
