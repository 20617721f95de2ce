"""What Holdfast costs before a program has done anything: in a process without the libraries, in Python, in one that loads GDAL and leaves.
A turn is several starts in a row, of which the one in the middle counts."""
import figures
import harness
import runs

REPEATS, QUICK_REPEATS = 15, 1
STARTS, QUICK_STARTS = 20, 2


def table_of():
    """name: argv"""
    return {
        "true": ["/bin/true"],
        "python3 -c pass": [harness.PYTHON, "-c", "pass"],
        "gdalinfo --version": ["gdalinfo", "--version"],
        "gdalinfo --formats": ["gdalinfo", "--formats"],
        "python3 import osgeo": [harness.PYTHON, "-c", "from osgeo import gdal, ogr"],
    }


def run(bench):
    """The rows."""
    names = [variant.name for variant in bench.variants]
    table = figures.Table("Start-up: milliseconds of the processor (bare: of a run; the others: what they add to it), and peak memory",
                          ["program", *["ms " + name for name in names], *["peak " + name for name in names]],
                          [24] + [14] * len(names) + [11] * len(names))
    rows = []
    for name, argv in table_of().items():
        if not bench.wants("startup/" + name):
            continue
        if not runs.has(argv[0]):
            bench.note("%s is left out: %s is not there" % (name, argv[0]))
            continue
        samples = runs.paired(bench, name, argv, bench.repeats_or(REPEATS, QUICK_REPEATS), QUICK_STARTS if bench.quick else STARTS)
        row = runs.row_of(name, argv, samples)
        cells = []
        for variant in names:
            over = row["cpu_over_bare_ns"].get(variant)
            figure = {part: value / 1e6 for part, value in (over or row["cpu_ns"][variant]).items()}
            cells.append(figures.signed(figure) if over else figures.plain(figure))
        table.row([name] + cells + [figures.size(row["peak_bytes"][name]["median"]) for name in names])
        rows.append(row)
        bench.keep("startup", rows)
    return rows
