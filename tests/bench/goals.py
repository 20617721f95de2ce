"""The figures that Holdfast wants to reach, beside those that were measured: the worst of all cases that a goal is about, each as the median of
its paired runs. Nothing fails here; a busy machine says little about single nanoseconds, the instructions say it in any case.

All are of the mode defer, with one thread, at all depths; over a run without Holdfast where nothing else is said.
"""
import figures

MODE = "defer"
ONE_HANDLE = ("new_borrow_", "pair_geometry", "pair_feature", "pair_geos_empty", "pair_proj")  # one birth or loan a call
LIBRARY_PROGRAMS = ("gdal_translate", "gdalwarp", "ogr2ogr", "rasterio", "fiona", "pyproj array")


def short(case):
    """Without whose binding it is."""
    return case.removeprefix("osgeo_").removeprefix("ctypes_")


def micro_rows(results, language, parts):
    return [(row, "%s/%s, depth %d" % (language, row["case"], row["depth"])) for row in results.get("micro", [])
            if row["language"] == language and row["threads"] == 1 and short(row["case"]).startswith(tuple(parts))]


def over(language, parts, base):
    """ns over `base`"""
    def measured(results):
        return [(row["over_%s_ns" % base][MODE]["median"], where) for row, where in micro_rows(results, language, parts) if MODE in row["over_%s_ns" % base]]
    return measured


def instructions_over_nop(parts):
    def measured(results):
        found = [(row["instructions"], where) for row, where in micro_rows(results, "c", parts)]
        return [(counts[MODE] - counts["nop"], where) for counts, where in found if counts.get(MODE) is not None and counts.get("nop") is not None]
    return measured


def program_ratio(*parts):
    def measured(results):
        return [(row["cpu_ratio"][MODE]["median"], row["program"]) for row in results.get("programs", [])
                if MODE in row["cpu_ratio"] and any(part in row["program"] for part in parts)]
    return measured


def start_ms(results):
    return [(row["cpu_over_bare_ns"][MODE]["median"] / 1e6, row["program"]) for row in results.get("startup", []) if MODE in row["cpu_over_bare_ns"]]


def handle_bytes(results):
    """With an arena that holds them all, where there are so many that what Holdfast has of its own does not count."""
    return [(row["bytes_of_a_handle"][MODE + "+arena"], "%d live, kind %s" % (row["live"], row["kind"])) for row in results.get("growth", [])
            if row["growth"] == "live" and row["live"] >= 1000000 and MODE + "+arena" in row["bytes_of_a_handle"]]


def findings_of(results):
    return [row for row in results.get("findings", []) if row["tool"] == "holdfast " + MODE]


def not_found(results):
    missed = [row["program"] for row in findings_of(results) if not row["diagnosed"]]
    return [(len(missed), missed[0] if missed else "")] if findings_of(results) else []


def free_not_named(results):
    missed = [row["program"] for row in findings_of(results) if row["free_named"] is False]
    return [(len(missed), missed[0] if missed else "")] if findings_of(results) else []


GOALS = [
    ("plain use, ns over nop", 2, over("c", ["use_"], "nop")),
    ("plain use, instructions over nop", 25, instructions_over_nop(["use_"])),
    ("known borrow, ns", 8, over("c", ["borrow_"], "bare")),
    ("new borrow or pair, ns", 60, over("c", ONE_HANDLE, "bare")),
    ("new borrow or pair in Python, ns", 150, over("python", ONE_HANDLE, "bare")),
    ("malloc and free of a stranger, ns", 0.5, over("c", ["free_stranger"], "bare")),
    ("programs of the libraries, cpu ratio", 1.01, program_ratio(*LIBRARY_PROGRAMS)),
    ("osgeo loop, cpu ratio", 1.10, program_ratio("osgeo loop")),
    ("shapely points, cpu ratio", 1.10, program_ratio("shapely points")),
    ("GEOS points in C, cpu ratio", 3.0, program_ratio("geos points")),
    ("start-up, ms", 1, start_ms),
    ("memory of a live handle, bytes", 128, handle_bytes),
    ("wrong programs not found", 0, not_found),
    ("frees not named", 0, free_not_named),
]


def show(results):
    rows = []
    for words, limit, measure in GOALS:
        found = measure(results)
        if found:
            rows.append((words, limit, *max(found)))
    if rows:
        table = figures.Table("Goals, and the worst that was measured", ["goal", "at most", "measured", "", "where"], [36, 8, 9, 4, 44])
        for words, limit, value, where in rows:
            table.row([words, limit, figures.short(value) if "ratio" not in words else "%.3f" % value, "met" if value <= limit else "NOT", where])
