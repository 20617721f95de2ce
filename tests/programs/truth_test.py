"""Are the contracts true? What they call borrowed must be seen dying with its parent, and what they say may outlive another must do so without
harm.

usage: truth_test.py BUILD_DIRECTORY

1. All programs of the zoo run with the option evidence_path; the table says for each function what became of its loans when their parent died.
   Every `borrows` line that the zoo exercises must have been seen true, no loan may have stayed behind, and what is lent as global must
   not have died.
2. The right C programs in which something outlives another run under valgrind, without Holdfast and without errors; wrong ones must
   give errors there, so that this cannot pass by looking at nothing. That something really outlives its parent in them is again evidence.
"""
import collections
import concurrent.futures
import ctypes
import ctypes.util
import json
import re
import subprocess
import sys

from support import BUILD, COMMAND, FOLDER, check, finish, run, workshop

ZOO = FOLDER.parent / "zoo"
sys.path.insert(0, str(ZOO))
import stacks  # noqa: E402
import zoo  # noqa: E402

# `borrows` lines whose truth cannot be seen here. Each with the reason; a line that is seen after all leaves this list.
NOT_SEEN = {
    "OCTGetSourceCS": "OCTDestroyCoordinateTransformation parks the transformation in a cache, so that its parent is never seen dying",
    "OCTGetTargetCS": "OCTDestroyCoordinateTransformation parks the transformation in a cache, so that its parent is never seen dying",
}
# `borrows from global` lines of what does not live that long, with the reason.
DIES = {
    "OGR_F_GetFieldDefnRef": "it dies with its definition, for which the line would need a word",
    "OGR_F_GetGeomFieldDefnRef": "it dies with its definition, for which the line would need a word",
}
# Functions of whose loans some stay behind when the parent dies, with the reason.
STAYS_BEHIND = {}

# Right C programs in which the result of each function outlives its parent. Empty lists: what lives on there is independent (no effect says
# anything) or kept by a reference.
OUTLIVING = {
    "ok_feature_outlives.c": ["OGR_L_GetNextFeature", "OGR_L_GetFeature", "GDALDatasetGetNextFeature"],
    "ok_style_outlives.c": ["OGR_SM_Create"],
    "ok_prepared_destroyed_last.c": ["GEOSPrepare"],
    "ok_geos_prepared_after_base.c": ["GEOSPrepare_r"],
    "ok_factory_destroyed_last.c": ["proj_create_operation_factory_context"],
    "ok_geos_tree_outlives.c": [],
    "ok_mdim_outlives.c": [],
    "ok_references.c": [],
}
WRONG = ["bad_geos_prepared_after_base.c", "bad_layer_after_close.c"]
# Effects by which something may outlive another, of functions that no program above uses.
NOT_OUTLIVING = {
    "OGR_F_Create": "a feature has a reference to its definition, which therefore does not die first (ok_feature_outlives.c releases it first)",
    "GNMGetFeatureByGlobalFID": "there is no network dataset among the test data",
}


def contract_rows(effect):
    """The rows of `holdfast contracts --effect`: (function, effect) for each."""
    document = json.loads(run([COMMAND, "contracts", "--effect", effect, "--format", "json"], preload=False).stdout)
    return [(line["function"], row) for line in document["contracts"] for row in line["effects"]]


def programs():
    stack = stacks.prepare("debian", BUILD, None)
    all_of_them = [zoo.Program(path, BUILD, stack) for path in sorted(ZOO.iterdir()) if re.fullmatch(r"(bad|ok)_\w+\.(c|py)", path.name)]
    return [program for program in all_of_them if program.runs()]


class Evidence:
    """What a number of runs told."""

    def __init__(self):
        self.answers = collections.defaultdict(lambda: {"died-seen": 0, "died-unseen": 0, "outlived": 0})  # by (function, kind, kind of parent)
        self.programs = collections.defaultdict(set)

    def add(self, program, text):
        for line in text.splitlines():
            function, kind, parent, *answers = line.split()
            self.programs[function, kind, parent].add(program.source.name)
            for name, number in zip(answers[::2], answers[1::2]):
                self.answers[function, kind, parent][name] += int(number)

    def of_function(self, function):
        """{answer: sum} over all kinds; None when it lent nothing."""
        found = [answers for (name, _, _), answers in self.answers.items() if name == function]
        return {name: sum(answers[name] for answers in found) for name in found[0]} if found else None

    def table(self):
        rows = [("function", "kind", "parent", "seen", "unseen", "outlived", "programs")]
        rows += [(*key, *map(str, answers.values()), str(len(self.programs[key]))) for key, answers in sorted(self.answers.items())]
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        return "\n".join("  ".join(cell.ljust(width) if column < 3 else cell.rjust(width) for column, (cell, width) in enumerate(zip(row, widths))) for row in rows)


def gather(keeper, wanted, mode, **options):
    """Evidence of these programs, run in this mode."""
    def one(program):
        path = keeper.root / ("evidence-%s-%s" % (mode, program.source.name))
        keeper.run(program, mode, evidence_path=path, **options)
        return program, path.read_text() if path.exists() else ""
    evidence = Evidence()
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for program, text in pool.map(one, wanted):
            evidence.add(program, text)
    return evidence


# ---- what is borrowed dies with its parent --------------------------------------------------------------------------


def test_loans(keeper):
    evidence = gather(keeper, programs(), "defer")
    print(evidence.table())
    parents = collections.defaultdict(set)
    for function, row in contract_rows("borrows"):
        parents[function].add(row["parent_name"])
    exercised = sorted(function for function in parents if evidence.of_function(function))
    print("%d of %d functions that lend are exercised; not: %s" % (len(exercised), len(parents), ", ".join(sorted(set(parents) - set(exercised))) or "-"))
    mortal = [function for function in parents if parents[function] != {"global"}]
    seen = [function for function in mortal if function in exercised and evidence.of_function(function)["died-seen"] > 0]
    print("of %d functions that do not lend as global, what %d lend was seen dying with its parent" % (len(mortal), len(seen)))
    check("the zoo exercises most functions that lend", len(exercised) > len(parents) / 2, "%d of %d" % (len(exercised), len(parents)))
    for function in exercised:
        answers = evidence.of_function(function)
        told = "%s: %s, in %s" % (function, answers, ", ".join(sorted(set().union(*(names for key, names in evidence.programs.items() if key[0] == function)))))
        if parents[function] == {"global"}:
            dies = function in DIES
            check("%s that %s lends as global dies before the library" % ("something (%s)" % DIES[function] if dies else "nothing", function), (answers["died-seen"] > 0) == dies, told)
        elif function in NOT_SEEN:
            check("%s is not seen (%s)" % (function, NOT_SEEN[function]), answers["died-seen"] == 0, "it is seen now: take it from NOT_SEEN\n" + told)
        else:
            check("what %s lends is seen dying with its parent" % function, answers["died-seen"] > 0, told)
            check("none of it stays behind unseen", answers["died-unseen"] == 0 or function in STAYS_BEHIND, told)


# ---- what may outlive another does so without harm --------------------------------------------------------------------


def installed(function):
    """Do the libraries of this machine have it?"""
    return any(hasattr(library, function) for library in map(ctypes.CDLL, filter(None, map(ctypes.util.find_library, ("gdal", "geos_c", "proj")))))


def test_completeness():
    """Every function by whose contract something may outlive another is in one of the lists."""
    listed = set().union(*OUTLIVING.values()) | set(NOT_OUTLIVING)
    for effect in ("advises", "needs"):
        missing = sorted({function for function, row in contract_rows(effect) if row["name"] == "result" and function not in listed and installed(function)})
        check("every function with the effect `%s` has a program in which its result outlives its parent" % effect, not missing,
              "write one and list it in OUTLIVING: " + ", ".join(missing))


def test_outliving(keeper):
    by_name = {program.source.name: program for program in programs()}
    evidence = gather(keeper, [by_name[name] for name in OUTLIVING], "report", borrowed="dead")
    for name, functions in OUTLIVING.items():
        for function in functions:
            answers = evidence.of_function(function)
            check("%s: what %s gives outlives its parent" % (name, function), answers and answers["outlived"] > 0 and
                  any(key[0] == function and name in names for key, names in evidence.programs.items()), answers)


def valgrind(keeper, program):
    """(exit status, standard error) of a program under valgrind, without Holdfast: 99 when it found an error."""
    with workshop() as folder:
        data = folder / "data"
        zoo.shutil.copytree(keeper.original, data)
        result = run(["valgrind", "-q", "--error-exitcode=99", *program.argv, data], preload=False, timeout=300)
        return result.status, result.stderr


def test_harmlessness(keeper):
    by_name = {program.source.name: program for program in programs()}
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        results = dict(zip([*OUTLIVING, *WRONG], pool.map(lambda name: valgrind(keeper, by_name[name]), [*OUTLIVING, *WRONG])))
    for name in OUTLIVING:
        check("%s: no error under valgrind" % name, results[name][0] == 0, "status %s\n%s" % results[name])
    for name in WRONG:
        check("%s: valgrind finds what is wrong" % name, results[name][0] == 99 and "Invalid read" in results[name][1], "status %s\n%s" % results[name])


def main():
    with workshop() as folder:
        keeper = zoo.Keeper(folder)
        test_loans(keeper)
        test_completeness()
        test_outliving(keeper)
        if subprocess.run(["sh", "-c", "command -v valgrind"], stdout=subprocess.DEVNULL).returncode == 0:
            test_harmlessness(keeper)
        else:
            check("valgrind is installed (tools/setup --tests)", False)
    return finish()


if __name__ == "__main__":
    sys.exit(main())
