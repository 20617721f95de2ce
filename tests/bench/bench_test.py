"""The benchmarks run: each of them, in each variant, small and once. Nothing is said of times here; that they are numbers, and that nothing is
missing among them.

usage: bench_test.py BUILD_DIRECTORY [BENCHMARK ...]

bench itself makes sure that every measured program ends well, prints the same in all variants, and is told nothing by Holdfast.
"""
import json
import numbers
import pathlib
import shutil
import subprocess
import sys
import tempfile

FOLDER = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(FOLDER), str(FOLDER.parent)]
import harness  # noqa: E402

TIMED = ("bare", "report", "defer")


def bench(folder, *words, keep=False):
    """(result of a quick run, its JSON)"""
    path = pathlib.Path(folder) / "results.json"
    if not keep:
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
        if shutil.which("valgrind"):
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


def rivals_problems(told):
    rows = {(row["program"], row["tool"]): row for row in told["rivals"]}
    problems = []
    for program in ("gdal_translate", "osgeo loop", "geos points"):
        row = rows.get((program, "holdfast defer"), {})
        for what in ("cpu_ratio", "wall_ratio", "peak_bytes"):
            problems += number_problems("%s beside other tools" % program, row, [what])
    return problems


def findings_problems(told):
    """The programs of a quick run use freed memory: Holdfast tells of each and where it was freed, and nobody does without a tool."""
    problems = []
    for row in told["findings"]:
        if row["tool"] == "holdfast defer" and not (row["diagnosed"] and row["free_named"]):
            problems.append("expected that Holdfast finds %s and names its free, got %s" % (row["program"], row))
        if row["tool"] == "bare" and (row["diagnosed"] or row["free_named"]):
            problems.append("expected that nothing is diagnosed without a tool, got %s" % row)
        if row.get("twin", {}).get("diagnosed"):
            problems.append("expected nothing of the right twin, got %s" % row)
    if sorted({row["tool"] for row in told["findings"]}) != ["bare", "holdfast defer"]:
        problems.append("expected rows of two tools, got %s" % told["findings"])
    return problems


def resume_problems(folder):
    """Rows that are there are not measured again, and others come beside them."""
    path = pathlib.Path(folder) / "results.json"
    before = json.loads(path.read_text())
    before["findings"] = [dict(row, seconds=12345) for row in before["findings"] if row["tool"] == "bare"]
    path.write_text(json.dumps(before))
    done, told = bench(folder, "findings", "--tools", "bare,holdfast defer", "--only", "band_after_close.c", "--resume", keep=True)
    seconds = [(row["tool"], row["seconds"] == 12345) for row in told["findings"] if row["program"] == "bad_band_after_close.c"]
    return run_problems(done, told, "findings") + ([] if seconds == [("bare", True), ("holdfast defer", False)] else ["expected an old and a new row, got %s" % seconds])


def also_problems(folder):
    done, told = bench(folder, "micro", "--no-counts", "--depths", "0", "--threads", "1", "--only", "c/use_raster", "--variants", "bare",
                       "--also", "other=%s,mode=report" % harness.library)
    if done.returncode != 0:
        return [done.stderr]
    row = told["micro"][0]
    return number_problems("use_raster", row["ns"], ["bare", "other"]) + ([] if set(row["ns"]) == {"bare", "other"} else [row["ns"]])


def goals_problems(done):
    return [] if "Goals, and" in done.stdout and "known borrow, ns" in done.stdout else ["expected the goals below the table, got\n" + done.stdout[-1000:]]


def same_counts_problems(folder):
    words = ["micro", "--no-times", "--depths", "2", "--only", "c/use_", "--only", "c/borrow_g"]
    done, first = bench(folder, *words)
    again, second = bench(folder, *words)
    return run_problems(done, first, "micro") + run_problems(again, second, "micro") or counts_problems(first, second)


def threads_problems(told):
    problems = []
    for row in told["threads"]:
        what = "%s with %d threads" % (row["work"], row["threads"])
        problems += number_problems(what, {name: figure["median"] for name, figure in row["wall_ns_of_a_round"].items()}, list(told["variants"]))
        problems += number_problems(what + " counts", row["counts"], ["locks", "shard_locks", "lock_waits", "depot_locks", "depot_lock_waits"], positive=False)
    wanted = {(work, threads) for work in ("raster", "vector", "crs", "geos", "living") for threads in (1, 2)}
    return problems + ["there is no row of %s with %d" % pair for pair in sorted(wanted - {(row["work"], row["threads"]) for row in told["threads"]})]


def relatives_problems(told):
    """What a change costs does not depend on how many died before: counted in instructions, which are the same on a busy machine."""
    problems, rows = [], {(row["call"], row["dead"]): row for row in told["relatives"]}
    for call in ("gift", "feature"):
        few, many = rows.get((call, 8), {"ns": {}}), rows.get((call, 8192), {"ns": {}})
        problems += number_problems("%s, few dead" % call, few["ns"], TIMED) + number_problems("%s, many dead" % call, many["ns"], TIMED)
        for variant in ("report", "defer") if shutil.which("valgrind") and not problems else ():
            if many["instructions"][variant] > 2 * few["instructions"][variant]:
                problems.append("%s, variant %s: expected about as many instructions with 8192 dead as with 8, got %.0f and %.0f"
                                % (call, variant, many["instructions"][variant], few["instructions"][variant]))
    return problems


BENCHMARKS = {  # name: (arguments, what may be wrong with its figures)
    "micro": (["--depths", "2", "--threads", "1", "--repeats", "1"], micro_problems),
    "startup": ([], lambda told: program_problems(told, "startup")),
    "programs": ([], lambda told: program_problems(told, "programs")),
    "growth": ([], growth_problems),
    "relatives": (["--only", "relatives/gift", "--only", "relatives/feature"], relatives_problems),
    "threads": ([], threads_problems),
    "rivals": (["--tools", "bare,holdfast defer,holdfast report"], rivals_problems),
    "findings": (["--tools", "bare,holdfast defer"], findings_problems),
}


def main():
    harness.use_build(sys.argv[1])
    checks = harness.Checks()
    wanted = sys.argv[2:] or list(BENCHMARKS)
    with tempfile.TemporaryDirectory(prefix="holdfast-bench-test-") as folder:
        for name in wanted:
            words, problems_of = BENCHMARKS[name]
            done, told = bench(folder, name, *words)
            problems = run_problems(done, told, name)
            checks.check("bench %s runs" % name, problems)
            if not problems:
                checks.check("bench %s tells of every variant" % name, problems_of(told))
            if name == "micro":
                checks.check("bench micro tells of the goals", goals_problems(done))
                checks.check("another library is one more variant", also_problems(folder))
                if shutil.which("valgrind"):
                    checks.check("instructions are the same in two runs", same_counts_problems(folder))
            if name == "findings" and not problems:
                checks.check("bench findings goes on where it ended", resume_problems(folder))
        done, _ = bench(folder, "micro", "--variants", "sideways")
        checks.check("a variant that is none is refused", [] if done.returncode == 1 and "no variant sideways" in done.stderr else [done.stderr])
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
