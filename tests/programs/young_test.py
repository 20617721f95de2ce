"""Young handles (shim/young.h) are a matter of speed alone: with `young=0`, where there are none, a program is told the same, and neither threads, forks,
signals, destructors of C++ nor a million handles at once change that.

usage: young_test.py BUILD_DIRECTORY [NAME ...]      NAME: of a program of young_work.c, `cpp`, `loop`, `features`, or `zoo`; all of them if none is given
"""
import concurrent.futures
import json
import pathlib
import re
import subprocess
import sys

from support import BUILD, FOLDER, PYTHON, check, check_equal, compile_c, finish, gdal_flags, harness, workshop

sys.path.insert(0, str(FOLDER.parent / "zoo"))
import stacks  # noqa: E402
import zoo  # noqa: E402

CHOSEN = sys.argv[2:]
MODES = ("defer", "reject", "report")
PATHS = {"young": {}, "one young": {"young": "1"}, "none young": {"young": "0"}}

# One of each fate that young handles may meet.
ZOO = """feature_after_destroy feature_destroyed_twice geometry_after_destroy geometry_destroyed_twice geometry_after_feature geometry_after_set_geometry
    geometry_given_and_destroyed geometry_given_twice geometry_ref_destroyed geometries_of_loop geometry_of_temporary definition_after_last_feature
    definition_after_close raw_freed geos_geometry_freed wrong_free geos_prepared_after_base geos_geometry_after_destroy geos_geometry_destroyed_twice geos_given_twice
    geos_part_after_collection geos_part_destroyed geos_ring_after_polygon geos_shell_destroyed geos_sequence_after_normalize
    ring_after_polygon ring_given_and_destroyed part_given_twice two_owners_of_part srs_after_destroy srs_released_twice growing
    pj_destroyed_twice pj_after_context wrong_kind fork context_outlives""".split()

# Reports of the programs of young_work.c: rule, function that used it, where it was made, where it was freed.
POINT = ("OGR_G_CreateGeometry", "OGR_G_DestroyGeometry")
USED = ("HF102", "OGR_G_GetPointCount") + POINT
TWICE = ("HF103", "OGR_G_DestroyGeometry") + POINT
LENT = ("HF101", "OGR_G_GetPointCount", "OGR_F_GetGeometryRef", "OGR_F_Destroy")
SHAPE = ("HF102", "GEOSGeomGetX_r", "GEOSGeom_createPointFromXY_r", "GEOSGeom_destroy_r")
DEFINITION = ("HF102", "OGR_FD_GetFieldCount", "OGR_FD_Create", "OGR_F_Destroy")
POINT_GIVEN = ("OGR_G_CreateGeometry", "OGR_F_SetGeometryDirectly")
RING_GIVEN = ("GEOSGeom_createLinearRing_r", "GEOSGeom_createPolygon_r")
GIVEN = [("HF105", "OGR_G_DestroyGeometry") + POINT_GIVEN, ("HF105", "OGR_F_SetGeometryDirectly") + POINT_GIVEN, ("HF105", "OGR_G_DestroyGeometry") + POINT_GIVEN,
         ("HF101", "OGR_G_GetPointCount", "OGR_G_CreateGeometry", "OGR_F_Destroy"),
         ("HF107", "OGR_G_GetPointCount") + POINT_GIVEN, ("HF107", "OGR_G_DestroyGeometry") + POINT_GIVEN,
         ("HF107", "OGR_G_GetPointCount", "OGR_G_CreateGeometry", "OGR_F_SetGeometry"),
         ("HF107", "OGR_G_GetPointCount", "OGR_F_GetGeometryRef", "OGR_F_SetGeometry"),
         ("HF105", "OGR_G_DestroyGeometry", "OGR_G_CreateGeometry", "OGR_F_SetGeomFieldDirectly"),
         ("HF105", "OGR_G_DestroyGeometry", "OGR_G_CreateGeometry", "OGR_G_AddGeometryDirectly"),
         ("HF101", "OGR_G_GetPointCount", "OGR_G_CreateGeometry", "OGR_F_Destroy"),
         ("HF105", "OGR_G_DestroyGeometry", "OGR_G_CreateGeometry", "OGR_F_Destroy"),
         ("HF105", "GEOSGetNumInteriorRings_r", "GEOSGeom_createPolygon_r", "GEOSGeom_destroy_r"),
         ("HF105", "GEOSGeom_destroy_r") + RING_GIVEN, ("HF105", "GEOSGeom_createPolygon_r") + RING_GIVEN,
         ("HF101", "GEOSGetNumInteriorRings_r", "GEOSGeom_createPolygon_r", "GEOSGeom_destroy_r"),
         ("HF101", "GEOSisEmpty_r", "GEOSGeom_createPointFromXY_r", "GEOSGeom_destroy_r"),
         ("HF105", "GEOSGeom_destroy_r") + RING_GIVEN,
         ("HF105", "GEOSGeom_destroy_r", "GEOSGeom_createPointFromXY_r", "GEOSGeom_createPolygon_r")]
BAND = ("GDALGetRasterBand", "GDALClose")
LENDER = [("HF110", "GDALClose", "GDALGetRasterBand", None), ("HF101", "GDALGetRasterDataType") + BAND,
          ("HF101", "GDALGetRasterDataType", "GDALGetMaskBand", "GDALClose"), ("HF101", "GDALGetRasterDataType") + BAND, ("HF101", "GDALGetRasterDataType") + BAND,
          ("HF104", "GEOSGeom_destroy_r", "GEOSGetGeometryN_r", None), ("HF101", "GEOSGeomGetX_r", "GEOSGetGeometryN_r", "GEOSGeom_destroy_r"),
          ("HF106", "GEOSPreparedContains_r", "GEOSPrepare_r", "GEOSGeom_destroy_r"),
          ("HF101", "OGR_L_GetFeatureCount", "GDALDatasetCreateLayer", "GDALClose")]
LEFT = ("HF115", "", "OGR_G_CreateGeometry", None)


def normal(report):
    """What is told, without what differs from run to run: addresses, numbers of processes and threads."""
    def frames(stack):
        places = [(frame["file"].rsplit("/", 1)[-1], frame["line"], frame["function"]) for frame in stack["python"]]
        for frame in stack["native"]:
            places.append((frame.get("file") or frame.get("symbol") or frame.get("module"), frame.get("line")))
        return stack["function"], places
    text = re.sub(r"0x[0-9a-f]+|\b(process|thread) \d+", "*", "%s / %s" % (report["message"], report.get("note")))
    return {"rule": report["rule"], "kind": report["handle"]["kind"], "label": report["handle"].get("label"), "function": report["function"],
            "action": report["action"], "message": text, "stacks": {role: frames(stack) for role, stack in report["stacks"].items() if stack}}


def in_short(report):
    stacks_of = report["stacks"]
    return tuple([report["rule"], report["function"]] + [stacks_of[role]["function"] if stacks_of.get(role) else None for role in ("obtained", "freed")])


def told(result, compiled):
    return [normal(report) for report in (harness.symbolized(result) if compiled else result.reports)]


def as_lines(reports):
    return "\n".join("%s\n    %s" % (", ".join("%s %s" % pair for pair in report.items() if pair[0] != "stacks"),
                                     "\n    ".join("%s %s" % pair for pair in report["stacks"].items())) for report in reports)


# ---- the zoo, with and without ------------------------------------------------------------------------------------------------


def compare_program(keeper, program, mode):
    options = zoo.options_of(program)
    runs = {path: keeper.run(program, mode, **options, **extra)[0] for path, extra in PATHS.items()}
    expected = runs["none young"]
    reports = told(expected, program.language == "c")
    check("%s, mode %s: reports at all" % (program.source.name, mode), bool(reports) == program.bad, expected.log)
    for path in ("young", "one young"):
        what = "%s, mode %s: the same reports with %s" % (program.source.name, mode, path)
        check_equal(what, as_lines(reports), as_lines(told(runs[path], program.language == "c")))
        if not any(line.startswith(("may crash", "crashes")) for line in (program.expectations.read_text().splitlines() if program.bad else [])):
            check_equal(what + ", and the same end and output", (expected.end(), expected.stdout), (runs[path].end(), runs[path].stdout))


def compare_zoo(folder):
    (folder / "zoo").mkdir()
    (folder / "stack").mkdir()
    stack = stacks.prepare("debian", BUILD, folder / "stack")
    keeper = zoo.Keeper(folder / "zoo")
    programs = [zoo.Program(path, BUILD, stack) for path in sorted((FOLDER.parent / "zoo").iterdir()) if re.fullmatch(r"bad_\w+\.(c|py)", path.name)]
    programs = [program for program in programs if program.name[4:] in ZOO and program.runs()]
    missing = set(ZOO) - {program.name[4:] for program in programs}
    check("the programs chosen are there", not missing, sorted(missing))
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(compare_program, keeper, program, mode) for program in programs for mode in MODES]:
            done.result()


# ---- programs of their own --------------------------------------------------------------------------------------------------------


def run_work(program, name, mode, path, **options):
    return harness.run([program, name], {"mode": mode, **PATHS[path], **options}, timeout=180)


def check_right(program, name, modes=MODES, paths=("young", "one young"), **options):
    for mode in modes:
        for path in paths:
            result = run_work(program, name, mode, path, leaks="all", **options)
            check("%s, mode %s, %s: no report, ends well" % (name, mode, path),
                  result.end() == "exit status 0" and result.stdout == "done\n" and not result.reports and not result.notices,
                  "%s\n%s\n%s\n%s" % (result.end(), result.stdout, result.stderr, result.log))


def check_wrong(program, name, expected, modes=("reject", "defer"), few=1, **options):
    """These reports, and the same ones in all else that is told of them without young handles."""
    for mode in modes:
        runs = {path: run_work(program, name, mode, path, **({**options, "young": few} if path == "one young" else options)) for path in PATHS}
        for path, result in runs.items():
            found = [in_short(report) for report in result.reports]
            what = "%s, mode %s, %s" % (name, mode, path)
            check(what + ": ends well", result.end() == "exit status 0" and result.stdout.endswith("done\n"), result.end() + "\n" + result.stdout + result.stderr)
            check_equal(what + ": the reports", "\n".join(map(str, expected)), "\n".join(map(str, found)))
        plain = runs["none young"]
        for path in ("young", "one young"):
            check_equal("%s, mode %s: with %s the same reports and output" % (name, mode, path), as_lines(told(plain, True)) + plain.stdout,
                        as_lines(told(runs[path], True)) + runs[path].stdout)


def check_asked(program):
    for path in ("young", "none young"):
        with workshop() as folder:
            result = run_work(program, "wrong_asked", "reject", path, record=str(folder / "arena"), record_size="64m", record_keep=1)
            check("wrong_asked, %s: not one of the late uses goes through" % path, result.stdout == "used 0\ndone\n", result.stdout + result.end() + result.log)
            totals = [harness.arena_totals(arena) for arena in pathlib.Path(folder).iterdir()]
            check_equal("wrong_asked, %s: each late use and second free is refused" % path, [8000], [one["refused"] for one in totals])
            check_equal("wrong_asked, %s: told as what they are" % path, {"HF102", "HF103"}, {report["rule"] for report in result.reports})


def check_churn(program):
    for path in ("young", "none young"): # without a record: sets that lie in one do not grow
        result = run_work(program, "wrong_churn", "reject", path)
        check("wrong_churn, %s: ends well" % path, result.end() == "exit status 0" and result.stdout == "x 1\nx 0\ndone\n", result.end() + result.stdout + result.stderr)
        summaries = [json.loads(line) for line in result.log.splitlines() if '"type":"summary"' in line]
        check_equal("wrong_churn, %s: each late use is refused" % path, [6001], [one["refused"] for one in summaries])
        check_equal("wrong_churn, %s: told as what they are" % path, {SHAPE}, {in_short(report) for report in result.reports})


def check_locks(program, name, rounds, bound):
    """A loop over young handles takes no lock, but for now and then."""
    check_locks_of(run_work(program, name, "report", "young", stats=1), name, rounds, bound)


def check_locks_of(result, name, rounds, bound):
    check(name + ": ends well", result.end() == "exit status 0" and not result.reports, result.end() + result.log)
    taken = [json.loads(line)["counters"]["locks"] for line in result.log.splitlines() if '"type":"stats"' in line]
    check("%s: %d rounds take less than %d locks" % (name, rounds, bound), len(taken) == 1 and taken[0] < bound, taken)


def check_features():
    """The usual loop over features, in which Python drops a geometry after the feature that lent it: one lock a round, because a copy asks whom its original belongs to."""
    for mode in ("defer", "report"):
        check_locks_of(harness.run([PYTHON, FOLDER / "young_features.py"], {"mode": mode, "stats": 1}), "features in Python, mode " + mode, 3000, 4000)


def check_cpp(folder):
    program = folder / "young_cpp"
    subprocess.run(["c++", "-O1", "-g", "-o", str(program), str(FOLDER / "young_cpp.cc"), *gdal_flags()], check=True)
    for mode in MODES:
        for path in PATHS:
            result = harness.run([program], {"mode": mode, "leaks": "all", **PATHS[path]})
            check("what C++ destroyed is born again, mode %s, %s: no report" % (mode, path),
                  result.end() == "exit status 0" and not result.reports and result.stdout in ("again\n", "no address came again\n"), result.end() + result.stdout + result.log)


def check_loop(folder):
    """Python holds what features lent."""
    for mode in MODES:
        runs = {path: harness.run([PYTHON, FOLDER / "young_loop.py"], {"mode": mode, **PATHS[path]}, cwd=folder) for path in PATHS}
        plain = runs["none young"]
        check("geometries kept in lists, mode %s: reported" % mode, {report["rule"] for report in plain.reports} == {"HF101"}, plain.end() + plain.stdout + plain.stderr + plain.log)
        for path in ("young", "one young"):
            check_equal("geometries kept in lists, mode %s: with %s the same reports" % (mode, path), as_lines(told(plain, False)), as_lines(told(runs[path], False)))
            if mode != "report":  # there what is wrong is done, and anything may come of it
                check_equal("geometries kept in lists, mode %s: with %s the same output" % (mode, path), plain.end() + plain.stdout, runs[path].end() + runs[path].stdout)
        if mode == "defer":
            check_equal("geometries kept in lists, mode defer: the right values", "right\n", plain.stdout)


def test(folder):
    program = compile_c(FOLDER / "young_work.c", folder / "young_work", *gdal_flags(), "-lgeos_c", "-lpthread")
    works = {
        "wrong_across": lambda name: check_wrong(program, name, [USED, USED, TWICE, TWICE, USED,
                                                                 ("HF106", "GEOSPreparedContains_r", "GEOSPrepare_r", "GEOSGeom_destroy_r")], modes=("reject",)),
        "wrong_lent": lambda name: check_wrong(program, name, [LENT, LENT], modes=("reject",)),
        "wrong_left": lambda name: check_wrong(program, name, [LEFT], leaks="all"),
        "wrong_asked": lambda name: check_asked(program),
        "wrong_fork": lambda name: check_wrong(program, name, [USED, USED, USED], modes=("reject",)),
        "wrong_signals": lambda name: check_wrong(program, name, [LENT], modes=("reject",)),
        "wrong_many": lambda name: check_wrong(program, name, [SHAPE, SHAPE], modes=("reject",), arena_size="1g"),
        "wrong_churn": lambda name: check_churn(program),
        "wrong_clone": lambda name: check_wrong(program, name, [DEFINITION], modes=("reject",)),
        "wrong_given": lambda name: check_wrong(program, name, GIVEN, few=4),  # a feature takes its parts along
        "wrong_lender": lambda name: check_wrong(program, name, LENDER, modes=("reject",)),
        "many_given": lambda name: check_locks(program, name, 20000, 2000),  # none a round
        "many_lent": lambda name: check_locks(program, name, 3000, 3000 * 6),  # of the dataset alone, not of its twenty bands
        "right_given": lambda name: check_right(program, name),
        "right_ring": lambda name: check_right(program, name),
        "right_crowd": lambda name: check_right(program, name),
        "right_fork": lambda name: check_right(program, name),
        "right_signals": lambda name: check_right(program, name),
        "right_many": lambda name: check_right(program, name, modes=("defer",), paths=("young",), arena_size="512m"),
        "cpp": lambda name: check_cpp(folder),
        "loop": lambda name: check_loop(folder),
        "features": lambda name: check_features(),
        "zoo": lambda name: compare_zoo(folder),
    }
    for name, work in works.items():
        if not CHOSEN or name in CHOSEN:
            work(name)


with workshop() as folder:
    test(folder.resolve())
sys.exit(finish())
