"""What Holdfast costs beside what people use today: the programs of programs.py, a fiftieth in size (times --scale), under each tool, in turns.
With --resume a run goes on where the JSON of an earlier one ends.
"""
import shutil
import tempfile

import figures
import harness
import programs
import runs
import tools
import variants

SCALE, REPEATS, QUICK_REPEATS = 0.02, 3, 1
TIMEOUT_S = 300


def table_of(bench):
    """name: (language, source that can be compiled for a tool, argv)"""
    data = programs.Data(bench, "small", SCALE)
    script = lambda name, *words: [harness.PYTHON, str(bench.programs / name), *map(str, words)]  # noqa: E731
    return {
        "gdal_translate": ("c", None, ["gdal_translate", "-q", "-co", "TILED=YES", data.raster(), "out.tif"]),
        "ogr2ogr FlatGeobuf": ("c", None, ["ogr2ogr", "-f", "FlatGeobuf", "out.fgb", data.vector()]),
        "osgeo loop": ("py", None, script("osgeo_loop.py", data.vector())),
        "pyproj single": ("py", None, script("pyproj_points.py", "single", data.count(100000))),
        "geos points": ("c", bench.programs / "geos_points.c", [str(bench.built / "geos_points"), str(data.count(10000000))]),
    }


def cost(bench, tool, language, argv):
    """One run, as runs.launch() tells it; None if it did not end well."""
    folder = tempfile.mkdtemp(dir=bench.scratch)
    environment, preload = harness.clean_environment(tool.environment(language, folder)), tool.preload
    if "ASAN_OPTIONS" in environment:  # GDAL's own leaks would make it end badly
        environment["ASAN_OPTIONS"] = environment["ASAN_OPTIONS"].replace("detect_leaks=1", "detect_leaks=0")
    if tool.holdfast:
        variant = variants.Variant("holdfast", harness.library, "mode=" + tool.holdfast)
        environment, preload = variant.environment(folder), variant.library
        environment.pop("LD_PRELOAD")
    found, _, errors = runs.launch(bench, tool.wrap(argv, folder), environment, preload, timeout=TIMEOUT_S)
    shutil.rmtree(folder)
    if not found or found[0]["status"] != 0:
        end = "wait status %d" % found[0]["status"] if found else "no end in %d s" % TIMEOUT_S
        bench.note("%s under %s: %s %s" % (" ".join(map(str, argv))[:80], tool.name, end, errors.strip()[-300:]))
        return None
    return found[0]


def row_of(name, tool, samples, base):
    pairs = [(run, other) for run, other in zip(samples, base) if run and other]
    row = {"program": name, "tool": tool.name, "samples": samples}
    if pairs:
        row["peak_bytes"] = figures.spread([run["peak_bytes"] for run, _ in pairs])
        for what in ("cpu", "wall"):
            row[what + "_ratio"] = figures.spread([run[what + "_ns"] / other[what + "_ns"] for run, other in pairs])
    return row


def run(bench):
    """The rows."""
    harness.use_build(bench.build)
    present = tools.present(bench)
    bare = tools.Tool("bare")
    table = figures.Table("Tools: processor time and time of the wall as ratios to a bare run of the same turn, and peak memory",
                          ["program", "tool", "cpu", "wall", "peak memory"], [20, 16, 16, 16, 12])
    rows = bench.earlier("rivals")
    done = [(row["program"], row["tool"]) for row in rows]
    for name, (language, source, argv) in table_of(bench).items():
        wanted = [tool for tool in present if language in tool.languages and (source or not tool.compiled) and (name, tool.name) not in done]
        if not bench.wants("rivals/" + name) or not wanted:
            continue
        turns = [bare, *[tool for tool in wanted if tool.name != "bare"]]
        samples = {tool.name: [] for tool in turns}
        for _ in range(bench.repeats_or(REPEATS, QUICK_REPEATS)):
            for tool in turns:
                if samples[tool.name][-1:] == [None]:  # it will not end well the next time either
                    continue
                own = [tools.compiled(bench, source, ["-O2"]), *argv[1:]] if tool.compiled else argv
                samples[tool.name].append(cost(bench, tool, language, own) if own[0] else None)
        for tool in wanted:
            row = row_of(name, tool, samples[tool.name], samples["bare"])
            table.row([name, tool.name, figures.ratio(row.get("cpu_ratio")), figures.ratio(row.get("wall_ratio")),
                       figures.size(row["peak_bytes"]["median"]) if "peak_bytes" in row else "failed"])
            rows.append(row)
            bench.keep("rivals", rows)
    return rows
