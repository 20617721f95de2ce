"""Programs of other families than Python and the commands of GDAL do the same under Holdfast: MapServer, R, PostGIS, Java, QGIS and others give the
same output, status and files, make no report, and were really watched (the arenas of their processes count births).

usage: families_test.py BUILD_DIRECTORY [NAME...]         NAME: a family of those below; all by default

Nothing is installed here; a family that is not there is skipped, and said to be. Debian's packages, and what they download beside libgdal
(measured on Debian 12, --no-install-recommends):

    mapserver    mapserver-bin                                  2 MB
    sf, terra    r-cran-sf r-cran-terra                        41 MB   (R itself among it)
    postgis      postgresql-15-postgis-3                        7 MB   (and postgresql-15, if it is not there: 18 MB)
    qgis         qgis python3-qgis qgis-providers             156 MB
    java         openjdk-17-jdk-headless, with libgdal-java where there is one (not in Debian 12; HOLDFAST_JAVA_BINDING names a folder with
                 gdal.jar and libgdalalljni.so built from GDAL's swig/java)
    spatialite   spatialite-bin sqlite3 libsqlite3-mod-spatialite
    gmt, saga    gmt saga                                      85 MB, 19 MB
    otb          otb-bin                                       27 MB
    grass        grass-core                                    43 MB
    pktools      pktools                                        1 MB
    gdal_scripts python3-gdal

Each family runs once without Holdfast and three times with it (defer, report, defer again), each time on a fresh copy of the same inputs. What changes from
run to run by the program's own doing (clocks, names of temporary files, hash seeds) is fixed by the environment or left out of the comparison, by
name.
"""
import os
import re
import shlex
import shutil
import subprocess
import sys

from support import COMMAND, FOLDER, PYTHON, REPORT, check, compile_c, contents, finish, first_difference, gdal_flags, make_inputs, run, skip, workshop

HERE = FOLDER / "families"
RUNS = ("defer", "report", "defer")
POSTGRES = "/usr/lib/postgresql/15/bin"
BORN = re.compile(r"(\d+) handles born, (\d+) lent, (\d+) freed")
FIXED = {"QT_QPA_PLATFORM": "offscreen", "QT_HASH_SEED": "0", "QGIS_NO_OVERRIDE_IMPORT": "1", "OMP_NUM_THREADS": "2", "OTB_MAX_RAM_HINT": "128"}
QGIS = "qgis_process.bin"  # the script qgis_process of Debian 12 passes an option that its program does not know


class Family:
    """name: what the caller may ask for. needs: commands, or files, that must be there. steps: shell commands, one after the other in one folder; those
    that begin with `! ` are meant to fail.
    ignored: files that differ from run to run, as a pattern; varies: the same for lines of the output.
    mistake: rule and words of the one report that the program deserves."""

    def __init__(self, name, needs, steps, ignored=None, varies=None, timeout=240, runner=None, mistake=None):
        self.name, self.needs, self.timeout = name, needs, timeout
        self.steps = [line for line in steps.strip().splitlines()] if isinstance(steps, str) else steps
        self.ignored = re.compile(ignored or "$^")
        self.varies = re.compile(varies or "$^")
        self.runner, self.mistake = runner, mistake

    def missing(self):
        return [need for need in self.needs if not (os.path.exists(need) if need.startswith("/") else shutil.which(need))]


def r_package(name):
    for root in ("/usr/lib/R/site-library/", "/usr/lib/R/library/", "/usr/local/lib/R/site-library/"):
        if os.path.exists(root + name):
            return root + name
    return "/usr/lib/R/site-library/" + name


def java_binding():
    for folder in filter(None, (os.environ.get("HOLDFAST_JAVA_BINDING"), "/usr/share/java", "/usr/lib/java")):
        if os.path.exists(folder + "/gdal.jar"):
            return folder
    return "/usr/share/java"


def mapserv(query):
    return "MAPSERVER_CONFIG_FILE=ms.conf REQUEST_METHOD=GET QUERY_STRING='map=map.map&%s' mapserv" % query


def qgis(algorithm, **parameters):
    return "%s run %s -- %s" % (QGIS, algorithm, " ".join(shlex.quote("%s=%s" % item) for item in parameters.items()))


JAVA = java_binding()
FAMILIES = [
    Family("mapserver", ["map2img", "mapserv"], [
        "map2img -m map.map -o all.png", "map2img -m map.map -l 'rgb shp' -o some.png -e 14.99 47.83 15.04 47.86 -s 321 200", "map2img -m map.map -o again.png -c 4",
        "shptree areas.shp 3", "sortshp areas sorted number descending", "! map2img -m missing.map -o no.png",
        mapserv("SERVICE=WMS&VERSION=1.1.1&REQUEST=GetCapabilities"),
        mapserv("SERVICE=WMS&VERSION=1.1.1&REQUEST=GetMap&LAYERS=rgb,areas&STYLES=&SRS=EPSG:3857&BBOX=1669800,6080000,1671500,6082000&WIDTH=200&HEIGHT=200&FORMAT=image/png"),
        mapserv("SERVICE=WMS&VERSION=1.1.1&REQUEST=GetFeatureInfo&LAYERS=areas&QUERY_LAYERS=areas&STYLES=&SRS=EPSG:4326&BBOX=14.998,47.838,15.032,47.856"
                "&WIDTH=600&HEIGHT=400&FORMAT=image/png&X=50&Y=190&INFO_FORMAT=application/vnd.ogc.gml"),
        mapserv("SERVICE=WFS&VERSION=1.0.0&REQUEST=GetFeature&TYPENAME=areas"),
        mapserv("SERVICE=WMS&VERSION=1.1.1&REQUEST=GetMap&LAYERS=none")]),
    Family("sf", ["Rscript", r_package("sf")], "Rscript --vanilla sf.R"),
    Family("terra", ["Rscript", r_package("terra")], "Rscript --vanilla terra.R"),
    Family("java", ["java", "javac", JAVA + "/gdal.jar"], "java -Djava.library.path=%s:/usr/lib/jni:/usr/lib/x86_64-linux-gnu/jni -cp %s/gdal.jar:. Work" % (JAVA, JAVA)),
    Family("postgis", [POSTGRES + "/initdb", "/usr/share/postgresql/15/extension/postgis.control", "setpriv"], [], runner=lambda *all: run_postgis(*all)),
    Family("qgis", [QGIS, "ogr2ogr"], [
        qgis("native:buffer", INPUT="areas.gpkg", DISTANCE=20, SEGMENTS=6, OUTPUT="buffer.gpkg"),
        qgis("native:reprojectlayer", INPUT="areas.shp", TARGET_CRS="EPSG:4326", OUTPUT="reprojected.geojson"),
        qgis("native:intersection", INPUT="buffer.gpkg", OVERLAY="areas.shp", OUTPUT="intersection.gpkg"),
        qgis("native:dissolve", INPUT="buffer.gpkg", OUTPUT="dissolved.gpkg"),
        qgis("native:zonalstatisticsfb", INPUT="areas.gpkg", INPUT_RASTER="dem.tif", RASTER_BAND=1, COLUMN_PREFIX="z_", STATISTICS="0,1,2", OUTPUT="zonal.gpkg"),
        qgis("native:slope", INPUT="dem.tif", Z_FACTOR=1, OUTPUT="slope.tif"),
        qgis("native:pixelstopolygons", INPUT_RASTER="slope.tif", RASTER_BAND=1, FIELD_NAME="v", OUTPUT="pixels.gpkg"),
        "! " + qgis("native:buffer", INPUT="missing.gpkg", DISTANCE=20, OUTPUT="no.gpkg"),
        qgis("gdal:warpreproject", INPUT="rgb.tif", TARGET_CRS="EPSG:3857", OUTPUT="warp.tif"),
        qgis("gdal:rasterize", INPUT="areas.gpkg", FIELD="number", UNITS=0, WIDTH=60, HEIGHT=45, EXTENT="500000,501200,5299100,5300000", DATA_TYPE=1, OUTPUT="burned.tif"),
        qgis("gdal:polygonize", INPUT="burned.tif", BAND=1, FIELD="DN", OUTPUT="polygons.gpkg"),
        qgis("gdal:rastercalculator", INPUT_A="dem.tif", BAND_A=1, FORMULA="A*2", RTYPE=5, OUTPUT="double.tif")],
        varies=r"/tmp/processing_|Execution completed in|tmp\w+", ignored=r"home/", timeout=600),
    Family("pyqgis", ["/usr/lib/python3/dist-packages/qgis"], PYTHON + " qgis_work.py", ignored=r"home/"),
    Family("spatialite", ["sqlite3", "/usr/lib/x86_64-linux-gnu/mod_spatialite.so"], [
        "sqlite3 :memory: \"select load_extension('mod_spatialite'); select InitSpatialMetadata(1); with recursive n(i) as (select 1 union all select i+1 from n where i<300) "
        "select round(sum(ST_Area(ST_Buffer(MakePoint(500000+i,5300000+i,32633),5))),6), ST_AsText(ST_Centroid(ST_Union(ST_Transform(MakePoint(500000+i,5300000+i,32633),32634)))) from n; "
        "select ST_IsValid(GeomFromText('POLYGON((0 0,1 1,1 0,0 1,0 0))')), ST_IsValidReason(GeomFromText('POLYGON((0 0,1 1,1 0,0 1,0 0))'));\""]),
    Family("gmt", ["gmt"], [
        "gmt grdinfo dem.tif", "gmt grdmath dem.tif 2 MUL = out.nc", "gmt grd2xyz out.nc", "gmt grdcut dem.tif -R500100/500500/5299300/5299700 -Gcut.tif=gd:GTiff",
        "ogr2ogr -f OGR_GMT areas.gmt areas.gpkg && gmt spatial areas.gmt -Q", "gmt spatial areas.shp -Q", "gmt mapproject points.txt -Ju33/1:1 -F -C"], ignored=r"\.nc$|gmt\.history|home/"),
    # SAGA frees a spatial reference with CPLFree (valgrind: mismatched free, CSG_GDAL_DataSet::Read and operator new in OSRNewSpatialReference).
    Family("saga", ["saga_cmd"], ["saga_cmd -f=q io_gdal 0 -FILES dem.tif -GRIDS dem.sgrd", "saga_cmd -f=q io_gdal 3 -FILES areas.shp -SHAPES made.shp",
                                  "saga_cmd -f=q io_gdal 2 -GRIDS dem.sgrd -FILE out.tif", "saga_cmd -f=q pj_proj4 2 -SOURCE areas.shp -TARGET moved.shp -CRS_PROJ4 +proj=longlat"],
           ignored=r"\.(mpts|mgrd|mshp|mgrds|sg-info|dbf|sg-grd-z)$", varies="execution time|Execution succeeded|HF110",
           mistake=("HF110", "CSG_GDAL_DataSet")),
    Family("otb", ["otbApplicationLauncherCommandLine"], [
        "otbcli_ReadImageInfo -in rgb.tif", "otbcli_BandMath -il rgb.tif -out math.tif -exp 'im1b1+im1b2'", "otbcli_Superimpose -inr rgb.tif -inm east.tif -out over.tif",
        "otbcli_Rasterization -in areas.shp -out burned.tif -im rgb.tif", "otbcli_ComputeImagesStatistics -il rgb.tif -out stats.xml"],
        varies=r"^\d{4}-|Estimation|execution took|: \d+% \[|Available memory"),
    Family("grass", ["grass"], [
        "grass -c EPSG:32633 -e base", "grass base/PERMANENT --exec r.in.gdal input=dem.tif output=dem", "grass base/PERMANENT --exec g.region raster=dem",
        "grass base/PERMANENT --exec r.univar -g map=dem", "grass base/PERMANENT --exec v.in.ogr input=areas.gpkg output=areas",
        "grass base/PERMANENT --exec v.out.ogr input=areas output=out.geojson format=GeoJSON", "grass base/PERMANENT --exec r.out.gdal input=dem output=out.tif",
        "grass base/PERMANENT --exec v.report map=areas option=area"], ignored=r"^base/|home/", varies=r"GRASS|Cleaning|process id|\d+ seconds|/tmp/", timeout=600),
    Family("pktools", ["pkinfo"], ["pkinfo -i rgb.tif -stats", "pkcrop -i rgb.tif -o crop.tif -ulx 500100 -uly 5299900 -lrx 500500 -lry 5299500", "pkfilter -i rgb.tif -o filter.tif -f mean -dx 3 -dy 3",
                                  "gdalinfo -checksum crop.tif | grep Checksum; gdalinfo -checksum filter.tif | grep Checksum",
                                  "pkextractogr -i dem.tif -s areas.shp -o extracted.sqlite -r mean"], ignored=r"\.sqlite$|crop\.tif|filter\.tif"),
    Family("gdal_scripts", ["gdal_calc.py", "gdal_merge.py"], """
gdal_calc.py -A dem.tif --outfile=calc.tif --calc=A*2 --quiet
gdal_merge.py -o merged.tif rgb.tif east.tif
gdal_polygonize.py calc.tif polygons.gpkg
gdal_sieve.py -st 4 rgb.tif sieved.tif
gdal_fillnodata.py dem.tif filled.tif
gdal_proximity.py rgb.tif near.tif -values 0
gdal_edit.py -a_nodata 3 merged.tif
gdal2tiles.py -z 12-14 -w none -q rgb.tif tiles
gdal_pansharpen.py rgb.tif rgb.tif sharp.tif
ogrmerge.py -single -nln one -o all.gpkg areas.shp areas.gpkg
! pct2rgb.py missing.tif no.tif
rgb2pct.py rgb.tif palette.tif
! gdalcompare.py rgb.tif east.tif
gdal_retile.py -ps 50 50 -targetDir . rgb.tif
gdalmove.py -t_srs EPSG:4326 east.tif
ogr_layer_algebra.py Intersection -input_ds areas.shp -method_ds areas.gpkg -output_ds both.shp
gdalattachpct.py palette.tif rgb.tif attached.tif
"""),
]


# ---- inputs ---------------------------------------------------------------------------------------------------------------



def prepare(folder):
    make_inputs(folder)
    for path in HERE.iterdir():
        shutil.copy(path, folder)
    (folder / "ms.conf").write_text("CONFIG\n  ENV\n    MS_MAP_PATTERN \".\"\n  END\nEND\n")
    if shutil.which("javac") and os.path.exists(JAVA + "/gdal.jar"):
        subprocess.run(["javac", "-nowarn", "-cp", JAVA + "/gdal.jar", "Work.java"], cwd=folder, check=True, capture_output=True)


# ---- one run ----------------------------------------------------------------------------------------------------------------

class Outcome:
    """steps: (command, how it ended, stdout, stderr) each. traces: a folder outside the working one, with the logs and arenas.
    unfit: what failed without Holdfast and should not have."""

    def __init__(self, place, traces):
        self.place, self.traces, self.steps, self.unfit = place, traces, [], []


def options_of(mode, traces):
    # Small arenas: some families are dozens of processes, and the space of an arena file is reserved at once.
    return None if mode is None else {"mode": mode, "log_path": traces / "log", "record": traces / "arena", "record_size": "8m", "record_keep": 1, "record_files": 0}


def variables_of(place):
    home = place / "home"
    (home / "run").mkdir(parents=True, exist_ok=True)
    (home / "run").chmod(0o700)
    return {**FIXED, "HOME": str(home), "XDG_RUNTIME_DIR": str(home / "run")}


def run_steps(family, outcome, mode):
    for line in family.steps:
        fails = line.startswith("! ")
        step = line[2:] if fails else line
        # A shell that ends in `exec` would do for one command; these may set variables, and the shell itself uses none of the libraries.
        result = run(["sh", "-c", step], options=options_of(mode, outcome.traces), preload=mode is not None, env=variables_of(outcome.place), cwd=outcome.place,
                     timeout=family.timeout)
        outcome.steps.append((step, result.ending, result.stdout, result.stderr))
        if mode is None and (result.status == 0) == fails:
            outcome.unfit.append("%s: %s\n%s%s" % (step, result.ending, result.stdout[-600:], result.stderr[-600:]))


def run_postgis(family, outcome, mode):
    """A cluster of its own whose postmaster is preloaded, so that all backends and parallel workers are; the clients are not."""
    place, data = outcome.place, outcome.place / "home" / "data"
    (place / "home").mkdir()
    for path in (place, outcome.traces):
        subprocess.run(["chown", "-R", "postgres", str(path)], check=True)
    outcome.traces.chmod(0o777)
    drop = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []

    def server(*words, preload=False, name=None):
        result = run([*drop, POSTGRES + "/" + words[0], *words[1:]], options=options_of(mode, outcome.traces) if preload else None, preload=preload, cwd=place,
                     timeout=family.timeout, env={"HOME": str(place)}, **({"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL} if words[0] == "pg_ctl" else {}))
        if name:
            outcome.steps.append((name, result.ending, result.stdout, result.stderr))
        return result

    made = server("initdb", "-D", data, "-A", "trust", "-U", "postgres", "--no-sync")
    if made.status != 0:
        outcome.steps.append(("initdb", made.ending, "", made.stderr))
        return
    with open(data / "postgresql.conf", "a") as out:
        out.write("listen_addresses=''\nunix_socket_directories='%s'\nfsync=off\nmax_parallel_workers_per_gather=2\nmin_parallel_table_scan_size=0\n"
                  "parallel_setup_cost=0\nparallel_tuple_cost=0\npostgis.gdal_enabled_drivers='ENABLE_ALL'\n" % place)
    server("pg_ctl", "-D", data, "-l", place / "server.log", "-w", "start", preload=mode is not None, name="start")
    client = [*drop, POSTGRES + "/psql", "-h", str(place), "-U", "postgres", "-X", "-q"]
    try:
        run([*client, "-c", "create database gis"], preload=False, cwd=place)
        first = run([*client, "-d", "gis", "-f", "postgis.sql"], preload=False, cwd=place, timeout=family.timeout)
        outcome.steps.append(("psql -f postgis.sql", first.ending, first.stdout, first.stderr))
        crowd = [subprocess.Popen([*client, "-d", "gis", "-f", "postgis_clients.sql"], cwd=place, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(4)]
        for one in crowd:
            out, err = one.communicate(timeout=family.timeout)
            outcome.steps.append(("psql -f postgis_clients.sql", one.returncode, out, err))
    finally:
        server("pg_ctl", "-D", data, "-w", "-m", "fast", "stop", name="stop")
    log = (place / "server.log").read_text(errors="replace")
    outcome.steps.append(("no backend crashed", "terminated by signal" in log or "PANIC" in log, "", ""))
    (place / "server.log").unlink()


def play(family, inputs, parent, number, mode):
    place, traces = parent / ("run%d" % number) / family.name, parent / ("traces%d" % number)
    shutil.copytree(inputs, place)
    traces.mkdir()
    outcome = Outcome(place, traces)
    parent.chmod(0o755)
    place.parent.chmod(0o755)
    (family.runner or run_steps)(family, outcome, mode)
    return outcome


# ---- comparing --------------------------------------------------------------------------------------------------------------

def steady(family, outcome, text):
    text = text.replace(str(outcome.place), "FOLDER")
    return "\n".join(line for line in text.splitlines() if not family.varies.search(line))


def differences(family, plain, other):
    wrong = []
    for expected, came in zip(plain.steps, other.steps):
        name = expected[0]
        if expected[1] != came[1]:
            wrong.append("%s: expected %s, came %s\n%s" % (name, expected[1], came[1], came[3]))
        for what, index in (("output", 2), ("messages", 3)):
            left, right = steady(family, plain, expected[index]), steady(family, other, came[index])
            if left != right:
                wrong.append("%s: expected the same %s %s, came %s" % (name, what, *first_difference(left, right)))
    if len(plain.steps) != len(other.steps):
        wrong.append("expected %d steps, came %d" % (len(plain.steps), len(other.steps)))
    left, right = contents(plain.place), contents(other.place)
    for name in sorted(left.keys() | right.keys()):
        if left.get(name) != right.get(name) and not family.ignored.search(name) and not name.startswith("home/"):
            wrong.append("the file %s %s" % (name, "differs" if name in left and name in right else "is missing" if name in left else "should not be there"))
    return wrong


def what_was_seen(traces):
    """Handles born, lent and freed in all processes that left an arena, and how many those were."""
    totals, processes = [0, 0, 0], 0
    for path in traces.glob("arena*"):
        done = subprocess.run([COMMAND, "report", str(path)], capture_output=True, text=True, errors="replace")
        match = BORN.search(done.stdout + done.stderr)
        if match:
            processes += 1
            totals = [total + int(number) for total, number in zip(totals, match.groups())]
        path.unlink()
    return totals, processes


def test_family(family, inputs, parent):
    parent.mkdir()
    plain = play(family, inputs, parent, 0, None)
    check("%s: does its work without Holdfast" % family.name, not plain.unfit, "\n".join(plain.unfit))
    for number, mode in enumerate(RUNS, 1):
        watched = play(family, inputs, parent, number, mode)
        title = "%s, mode %s" % (family.name, mode) + (", again" if mode in RUNS[:number - 1] else "")
        log = "".join(path.read_text(errors="replace") for path in sorted(watched.traces.glob("log*")))
        told = REPORT.findall(log)
        if family.mistake:
            rule, words = family.mistake
            check("%s: its own mistake is told, and nothing else" % title, told and {one[1] for one in told} == {rule} and words in log, log)
        else:
            check("%s: no report" % title, log == "", log)
        wrong = differences(family, plain, watched)
        check("%s: same results" % title, not wrong, "\n".join(wrong))
        (born, lent, freed), processes = what_was_seen(watched.traces)
        check("%s: watched (%d born, %d lent, %d freed, in %d processes)" % (title, born, lent, freed, processes), born > 0)
        shutil.rmtree(watched.place.parent, ignore_errors=True)
    shutil.rmtree(parent, ignore_errors=True)


# ---- the name of a program that writes over its arguments, as PostgreSQL does ---------------------------------------------------

RENAMED = """
#include <gdal.h>
#include <string.h>
int main(int argc, char **argv)
{
    for (char *at = argv[0]; *at != 0; at++)
        *at = 'x';
    GDALAllRegister();
    GDALDatasetH ds = GDALOpen("rgb.tif", GA_ReadOnly);
    GDALClose(ds);
    return argc - 1;
}
"""


def test_name(inputs, parent):
    parent.mkdir()
    program = compile_c(RENAMED, parent / "original", *gdal_flags())
    result = run([program], options={"record": parent / "arena", "record_keep": 1}, cwd=inputs)
    arenas = list(parent.glob("arena*"))
    told = subprocess.run([COMMAND, "report", *map(str, arenas)], capture_output=True, text=True)
    check("a program that overwrites its arguments keeps its name", result.status == 0 and ": original ended properly" in told.stdout + told.stderr, told)


asked = sys.argv[2:]
unknown = set(asked) - {family.name for family in FAMILIES}
if unknown:
    sys.exit("no such family: %s; there are: %s" % (", ".join(sorted(unknown)), ", ".join(family.name for family in FAMILIES)))
with workshop() as folder:
    (folder / "inputs").mkdir()
    folder.chmod(0o755)
    prepare(folder / "inputs")
    for family in FAMILIES:
        if asked and family.name not in asked:
            continue
        missing = family.missing()
        if missing:
            skip(family.name, "not installed: %s" % ", ".join(missing))
        else:
            test_family(family, folder / "inputs", folder / family.name)
    test_name(folder / "inputs", folder / "name")
sys.exit(finish())
