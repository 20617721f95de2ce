"""The Python package of tools/python, installed by pip: what it answers with Holdfast, and that it does nothing without.

usage: python_package_test.py BUILD_DIRECTORY
"""
import os
import sys

from support import BUILD, COMMAND, LIBRARY, check, check_equal, finish, install_package, make_inputs, run, workshop

HEAD = """
import ctypes, gc, sys, threading
import holdfast
from osgeo import gdal, ogr, osr
def create():
    return gdal.GetDriverByName("MEM").Create("made", 4, 4)
def mistake():
    dataset = create()
    band = dataset.GetRasterBand(1)
    del dataset
    return band.XSize
def error_of(function, *arguments):
    try:
        return function(*arguments)
    except TypeError as error:
        return "TypeError: %s" % error
"""

STATES = HEAD + """
path = sys.argv[1]
dataset = gdal.Open(path); band = dataset.GetRasterBand(1); geometry = ogr.Geometry(ogr.wkbPoint)
number = holdfast.address(dataset) if holdfast.active() else 0
print("active", holdfast.active(), holdfast.version() is not None)
print("osgeo", holdfast.state(dataset), holdfast.describe(band), holdfast.state(geometry), holdfast.state(osr.SpatialReference()))
print("address", [holdfast.state(one) for one in (number, ctypes.c_void_p(number), ctypes.cast(number, ctypes.POINTER(ctypes.c_char)), 4096, ctypes.c_void_p(None))])
print("label", holdfast.label(dataset, "caché"), holdfast.describe(band), holdfast.label(dataset, None), holdfast.describe(band), holdfast.label(4096, "x"))
del dataset
print("freed", holdfast.state(band), holdfast.state(number))
del band
print("closed", holdfast.state(number))
"""

OTHERS = """
import sys
import holdfast, rasterio, fiona, pyproj, shapely.geometry, warnings
warnings.simplefilter("ignore")
raster = rasterio.open(sys.argv[1])
print("rasterio", holdfast.state(raster), holdfast.describe(raster))
collection = fiona.open(sys.argv[2])
print("fiona", holdfast.state(collection), holdfast.describe(collection))
transformer = pyproj.Transformer.from_crs(4326, 3857)
print("pyproj", holdfast.state(transformer), holdfast.describe(transformer).split(" of ")[0], holdfast.describe(pyproj.CRS(4326)).split(" of ")[0])
print("shapely", holdfast.state(shapely.geometry.Point(1, 2)), holdfast.describe(shapely.geometry.Point(1, 2)))
raster.close()
try:
    holdfast.state(raster)
except TypeError as error:
    print("closed:", error)
"""

WRONG_TYPES = HEAD + """
feature = ogr.Feature(ogr.FeatureDefn())
feature.Destroy()
for thing in ("text", 3.5, None, True, [], object(), gdal, -1, 1 << 64, gdal.Dataset.__new__(gdal.Dataset), feature):
    print(error_of(holdfast.state, thing))
"""

CHECKS = HEAD + """
def outcome(context, function):
    try:
        with context:
            function()
    except (holdfast.ViolationError, holdfast.LeakError) as error:
        return "%s %d, %s" % (type(error).__name__, len(getattr(error, "violations", getattr(error, "leaks", None))), str(error).count("Holdfast HF101"))
    except ZeroDivisionError as error:
        return "ZeroDivisionError, notes %s" % ["HF101" in note for note in getattr(error, "__notes__", [])]
    return "fine"
def both():
    mistake()
    1 / 0
def in_thread():
    thread = threading.Thread(target=mistake); thread.start(); thread.join()
kept = []
def keep():
    kept.append(create()); kept.append(ogr.Geometry(ogr.wkbPoint))
def cycle():
    holder = [create()]; holder.append(holder)
print("right", outcome(holdfast.no_violations(), create))
print("wrong", outcome(holdfast.no_violations(), mistake))
print("again", outcome(holdfast.no_violations(), lambda: (mistake(), mistake())))
print("thread", outcome(holdfast.no_violations(), in_thread))
print("allowed", outcome(holdfast.no_violations("HF101"), mistake), outcome(holdfast.no_violations(["HF106", "stale-use"]), mistake), outcome(holdfast.no_violations("HF106"), mistake))
print("raises", outcome(holdfast.no_violations(), both))
print("many", outcome(holdfast.no_violations(), lambda: [mistake() for _ in range(200)]))
print("leaks", outcome(holdfast.no_leaks(), create), outcome(holdfast.no_leaks(), cycle), outcome(holdfast.no_leaks(), keep), outcome(holdfast.no_leaks(), lambda: 1 / 0))
mark = holdfast.mark()
kept.append(create())
print("by hand", [(leak.kind, leak.description, leak.python, leak.place.split("/")[-1].split(":")[0] != "", leak.address == holdfast.address(kept[-1])) for leak in holdfast.leaks_since(mark)])
print("words", holdfast.leaks_text(holdfast.leaks_since(mark)).split(" made at ")[0])
print("counts", holdfast.violation_count() == holdfast.violation_count("HF101") == holdfast.error_count(), holdfast.violation_count() > 200, holdfast.violation_count("HF102"))
def text_of(number):
    return holdfast.violations_since(number)[0].text
with holdfast.task("outer"):
    with holdfast.task("inner"):
        number = holdfast.violation_count(); mistake()
    print("inner", "task      inner" in text_of(number))
    number = holdfast.violation_count(); mistake()
    print("outer", "task      outer" in text_of(number))
number = holdfast.violation_count(); mistake()
print("none", "task" in text_of(number))
holdfast.worker("loader")
number = holdfast.violation_count(); mistake()
print("worker", "worker    loader" in text_of(number))
del kept[:]
dataset = create()
print("dump", holdfast.dump() >= 1)
"""

HERE = {
    "active": "True True", "osgeo": "live band 1 of dataset 'PATH' live live", "address": "['live', 'live', 'live', 'unknown', 'unknown']",
    "label": "True band 1 of dataset 'PATH' (caché) True band 1 of dataset 'PATH' False", "freed": "stale held", "closed": "buried",
}
NOT_HERE = {"active": "False False", "osgeo": "None None None None", "address": "[None, None, None, None, None]", "label": "False None False None False", "freed": "None None", "closed": "None"}


def lines(result):
    return dict(line.partition(" ")[::2] for line in result.stdout.splitlines())


def test_states(python, folder, raster, vector):
    for preload, expected in ((True, HERE), (False, NOT_HERE)):
        result = run([python, "-c", STATES, raster], preload=preload, cwd=folder)
        check_equal("states, words and labels of osgeo's objects and addresses %s Holdfast" % ("with" if preload else "without"), {key: value.replace("PATH", str(raster)) for key, value in expected.items()}, lines(result))
        check("... ends well, and nothing is said", result.status == 0 and result.stderr == "", result)
    result = run([python, "-c", OTHERS, raster, vector], cwd=folder)
    check("the handles in the C structures of rasterio, fiona, pyproj and shapely are found", lines(result).get("rasterio") == "live dataset '%s'" % raster and lines(result).get("fiona", "").startswith("live dataset") and
          lines(result).get("pyproj") == "live PROJ object PROJ object 'EPSG:4326'" and lines(result).get("shapely") == "live GEOS geometry GEOS geometry".replace(" GEOS geometry GEOS", " GEOS", 1), result)
    check("what was closed has none, which is said", "rasterio.io.DatasetReader has no handle that Holdfast knows" in result.stdout, result)
    result = run([python, "-c", WRONG_TYPES], cwd=folder)
    answers = result.stdout.splitlines()
    check("what has no handle is a TypeError that says so", len(answers) == 11 and all(line.startswith("TypeError: ") for line in answers[:10]) and "a builtins.str has no handle: expected" in answers[0] and
          "was closed or destroyed" in answers[9], result)
    check_equal("... and a proxy whose handle was destroyed under it is buried", "buried", answers[10])


def test_checks(python, folder):
    result = run([python, "-c", CHECKS], options={"log_path": folder / "log"}, cwd=folder)
    check_equal("contexts, marks, counts, tasks with Holdfast", {
        "right": "fine", "wrong": "ViolationError 1, 1", "again": "ViolationError 2, 2", "thread": "ViolationError 1, 1", "allowed": "fine fine ViolationError 1, 1", "raises": "ZeroDivisionError, notes [True]",
        "many": "ViolationError 200, 128", "leaks": "fine fine LeakError 2, 0 ZeroDivisionError, notes []", "by": "hand [('dataset', \"dataset 'made'\", True, True, True)]",
        "words": "1 handle was made meanwhile and is still alive:\n".strip(), "counts": "True True 0", "inner": "True", "outer": "True", "none": "False", "worker": "True", "dump": "True",
    }, {key: value for key, value in lines(result).items() if key != ""})
    check("... and the log is Holdfast's, not the program's", result.status == 0 and "Holdfast dump" in "".join(path.read_text() for path in folder.glob("log.*")) and "==" not in result.stderr, result)
    result = run([python, "-c", CHECKS.replace("mistake()", "create()").replace("def create():\n    dataset = create()", "def mistake():\n    dataset = create()").replace("target=mistake", "target=create").replace(", mistake", ", create").replace("in text_of(number)", "in ''").replace("holdfast.address(kept[-1])", "1")], preload=False, cwd=folder)
    check("without Holdfast no context raises and all counts are 0", result.status == 0 and "Error" not in result.stdout.replace("ZeroDivisionError", "") and lines(result).get("dump") == "False", result)


def test_command(python, folder):
    program = ["-c", "import holdfast; print(holdfast.active())"]
    path = os.environ["PATH"]
    with_command = {"PATH": "%s:%s" % (os.path.dirname(COMMAND), path)}
    for what, words, env in (("by the command", ["run", "--", python], with_command), ("by the command, without `run`", [python], with_command), ("without the command", [python], {"HOLDFAST_LIBRARY": LIBRARY}),
                             ("without the command, with `run --`", ["run", "--", python], {"HOLDFAST_LIBRARY": LIBRARY})):
        result = run([python, "-m", "holdfast", *words, *program], preload=False, env=env, cwd=folder)
        check("python -m holdfast PROGRAM %s runs it under Holdfast" % what, (result.status, result.stdout) == (0, "True\n"), result)
    result = run([python, "-m", "holdfast", "explain", "HF106"], preload=False, env=with_command, cwd=folder)
    check("python -m holdfast passes other sub-commands on", result.status == 0 and "freed-with-live-children" in result.stdout, result)
    result = run([python, "-m", "holdfast", "explain", "HF106"], preload=False, cwd=folder)
    check("... and says so where there is no command", result.status == 1 and "not on the PATH" in result.stderr, result)
    result = run([python, "-m", "holdfast", python, "-c", ""], preload=False, env={"HOLDFAST_LIBRARY": "/nowhere.so"}, cwd=folder)
    check("... and where there is no library", result.status == 1 and "/nowhere.so (HOLDFAST_LIBRARY)" in result.stderr, result)


with workshop() as folder:
    python = install_package(folder)
    make_inputs(folder)
    rasters, vectors = sorted(folder.glob("*.tif")), sorted(folder.glob("*.gpkg")) + sorted(folder.glob("*.shp"))
    test_states(python, folder, rasters[0], vectors[0])
    test_checks(python, folder)
    test_command(python, folder)
sys.exit(finish())
