"""What whole programs cost: the tools of GDAL, and Python programs with osgeo, rasterio, fiona, pyproj and shapely. Their data is made once,
into the scratch folder. --scale 0.1 makes a tenth of all of it: a tenth of the pixels, features and points.

A ratio is that of two runs in the same turn. Processor time (user and system) hardly minds a busy machine; the time of the wall does.
"""
import subprocess

import figures
import harness
import runs

REPEATS, QUICK_REPEATS, QUICK_SCALE = 5, 1, 0.001


class Data:
    """Files that are made when a program asks for them."""

    def __init__(self, bench, folder="data", scale=1):
        self.bench, self.folder = bench, bench.scratch / folder
        self.folder.mkdir()
        self.scale = scale * bench.scale * (QUICK_SCALE if bench.quick else 1)

    def count(self, number):
        return max(1, int(number * self.scale))

    def make(self, name, sort, size):
        if not (self.folder / name).exists():
            subprocess.run([harness.PYTHON, "-B", str(self.bench.programs / "make_data.py"), sort, str(size)], cwd=self.folder, check=True,
                           env=harness.clean_environment())
        return str(self.folder / name)

    def raster(self):
        return self.make("raster.tif", "raster", max(300, int(10000 * self.scale ** 0.5)))

    def vector(self):
        return self.make("places.gpkg", "vector", self.count(1000000))


def table_of(bench, data):
    """name: (what must be there, argv as a function)"""
    script = lambda python, name, *words: [python, "-B", str(bench.programs / name), *map(str, words)]  # noqa: E731
    debian, wheels = harness.PYTHON, str(bench.wheels / "bin" / "python")
    return {
        "gdal_translate": ("gdal_translate", lambda: ["gdal_translate", "-q", "-co", "TILED=YES", data.raster(), "out.tif"]),
        "gdalwarp": ("gdalwarp", lambda: ["gdalwarp", "-q", "-t_srs", "EPSG:3857", "-r", "bilinear", data.raster(), "out.tif"]),
        "ogr2ogr FlatGeobuf": ("ogr2ogr", lambda: ["ogr2ogr", "-f", "FlatGeobuf", "out.fgb", data.vector()]),
        "ogr2ogr Shapefile": ("ogr2ogr", lambda: ["ogr2ogr", "-f", "ESRI Shapefile", "out.shp", data.vector()]),
        "osgeo loop": (debian, lambda: script(debian, "osgeo_loop.py", data.vector())),
        "rasterio windows": (debian, lambda: script(debian, "rasterio_windows.py", data.raster(), 5)),
        "fiona read": (debian, lambda: script(debian, "fiona_read.py", data.vector())),
        "pyproj array": (debian, lambda: script(debian, "pyproj_points.py", "array", data.count(10000000))),
        "pyproj single": (debian, lambda: script(debian, "pyproj_points.py", "single", data.count(100000))),
        "geos points": (debian, lambda: [bench.built / "geos_points", data.count(10000000)]),
        "wheels rasterio windows": (wheels, lambda: script(wheels, "rasterio_windows.py", data.raster(), 5)),
        "wheels fiona read": (wheels, lambda: script(wheels, "fiona_read.py", data.vector())),
        "wheels pyproj array": (wheels, lambda: script(wheels, "pyproj_points.py", "array", data.count(10000000))),
        "wheels pyproj single": (wheels, lambda: script(wheels, "pyproj_points.py", "single", data.count(100000))),
        "wheels shapely points": (wheels, lambda: script(wheels, "shapely_points.py", data.count(10000000))),
    }


def run(bench):
    """The rows."""
    data = Data(bench)
    names = [variant.name for variant in bench.variants]
    others = [name for name in names if name != "bare"]
    table = figures.Table("Programs: processor time and time of the wall as ratios to a bare run of the same turn, and peak memory",
                          ["program", "cpu s", "wall s", *["cpu " + name for name in others], *["wall " + name for name in others], *["peak " + name for name in names]],
                          [24, 7, 7] + [14] * 2 * len(others) + [11] * len(names))
    rows = []
    for name, (needed, argv_of) in table_of(bench, data).items():
        if not bench.wants("programs/" + name):
            continue
        if not runs.has(needed):
            bench.note("%s is left out: %s is not there" % (name, needed))
            continue
        argv = argv_of()
        row = runs.row_of(name, argv, runs.paired(bench, name, argv, bench.repeats_or(REPEATS, QUICK_REPEATS)))
        first = names[0]
        table.row([name] + [figures.short(row[what][first]["median"] / 1e9) for what in ("cpu_ns", "wall_ns")] +
                  [figures.ratio(row[what].get(other)) for what in ("cpu_ratio", "wall_ratio") for other in others] +
                  [figures.size(row["peak_bytes"][name]["median"]) for name in names])
        rows.append(row)
        bench.keep("programs", rows)
    return rows
