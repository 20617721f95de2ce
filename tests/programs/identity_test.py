"""Ordinary work is the same under Holdfast: the command line tools of GDAL and PROJ and the programs of scripts/ give the same text,
the same exit status and the same files, byte for byte, and no report is made.

usage: identity_test.py BUILD_DIRECTORY

Every program runs in a folder without Holdfast and in one for each mode, after the same programs before it; names are relative, so text and
files may be compared as they are. What would depend on the clock is fixed by options (OGR_CURRENT_DATE, DBF_DATE_LAST_UPDATE).
"""
import concurrent.futures
import shlex
import shutil
import sys

from support import (PYTHON, SCRIPTS, check, contents, finish, first_difference, make_inputs, reports_in_words, run, skip, workshop)

# Tools whose output others read come first. `<` names the file that is read from stdin.
COMMANDS = """
gdalinfo rgb.tif
gdalinfo -stats -hist -checksum dem.tif
gdalinfo -json -stats -proj4 rgb.tif
gdalinfo missing.tif
gdalinfo --formats
gdal_translate -co TILED=YES -co COMPRESS=DEFLATE rgb.tif tiled.tif
gdal_translate -of PNG -outsize 50% 50% rgb.tif small.png
gdal_translate -of COG rgb.tif cog.tif
gdal_translate -of VRT -b 2 -b 1 rgb.tif bands.vrt
gdal_translate -ot Byte -scale 200 400 0 255 -a_nodata 0 bands.vrt scaled.tif
gdal_translate rgb.tif no/such/folder/out.tif
gdalwarp -q -t_srs EPSG:4326 -r bilinear -dstalpha rgb.tif east.tif warped.tif
gdalwarp -multi -wo NUM_THREADS=2 -tr 20 20 -r average dem.tif coarse.tif
gdalwarp -cutline areas.shp -crop_to_cutline rgb.tif cut.tif
gdaladdo -r average tiled.tif 2 4
gdaladdo -ro dem.tif 2
gdalinfo -stats tiled.tif
gdalbuildvrt mosaic.vrt rgb.tif east.tif
gdalinfo -checksum mosaic.vrt
gdal_translate mosaic.vrt mosaic.tif
gdaldem hillshade dem.tif shade.tif
gdaldem slope -compute_edges dem.tif slope.tif
gdal_rasterize -a number -ts 60 45 -ot Int16 areas.shp burned.tif
gdal_rasterize -burn 9 -where number=2 areas.gpkg burned.tif
gdallocationinfo -geoloc rgb.tif 500100 5299800
gdal_contour -a height -i 10 dem.tif contours.geojson
gdal_grid -zfield number -outsize 30 20 -a nearest -q areas.geojson grid.tif
gdaltindex index.geojson rgb.tif dem.tif
nearblack -o black.tif rgb.tif
gdalmanage copy rgb.tif managed.tif
gdalmanage delete managed.tif
ogrinfo -al -so areas.shp
ogrinfo -al areas.geojson
ogrinfo -ro areas.gpkg -sql "SELECT name, ST_Area(geom) AS a FROM areas WHERE number > 6"
ogrinfo areas.shp -dialect SQLITE -sql "SELECT COUNT(*), SUM(size) FROM areas"
ogrinfo areas.gpkg -sql "SELECT * FROM no_such_table"
ogr2ogr -lco DBF_DATE_LAST_UPDATE=2020-01-01 out.shp areas.gpkg
ogr2ogr out.gpkg areas.shp -nln made -t_srs EPSG:4326
ogr2ogr -append out.gpkg areas.geojson -nln made
ogr2ogr -update -append out.gpkg areas.shp -nln other -nlt PROMOTE_TO_MULTI
ogr2ogr -f GeoJSON out.geojson areas.shp -t_srs EPSG:4326 -where "number<5"
ogr2ogr -f GeoJSON sql.geojson areas.gpkg -sql "SELECT name, number * 2 AS twice, geom FROM areas ORDER BY number DESC"
ogr2ogr -f GeoJSON union.geojson areas.shp -dialect SQLITE -sql "SELECT ST_Union(geometry) AS geometry FROM areas"
ogr2ogr -f CSV out.csv areas.shp -lco GEOMETRY=AS_WKT
ogr2ogr -clipsrc 500000 5299500 500300 5299520 -f GML clipped.gml areas.shp
ogr2ogr out2.shp missing.shp
ogrlineref
gdalsrsinfo -o all EPSG:32633
gdalsrsinfo rgb.tif -o proj4
gdaltransform -s_srs EPSG:4326 -t_srs EPSG:32633 < points.txt
gdaltransform -t_srs EPSG:4326 rgb.tif < points.txt
proj +proj=utm +zone=33 points.txt
proj -I -f %.6f +proj=merc points.txt
cs2cs EPSG:4326 EPSG:32633 points.txt
cs2cs +proj=longlat +to +proj=laea +lat_0=48 +lon_0=15 points.txt
projinfo EPSG:4326
projinfo -s EPSG:4258 -t EPSG:31287 --summary
projinfo -o PROJ,WKT1_GDAL EPSG:3857
cct +proj=utm +zone=33 points.txt
"""

MODES = ("gdalinfo -stats", "gdal_translate -of COG", "gdalwarp -q", "gdaladdo", "ogr2ogr out.gpkg", "ogr2ogr -update", "ogrinfo -ro", "cs2cs EPSG", "gdalbuildvrt", "gdal_translate -co",
                "ogrinfo -al")
MODES = ("defer", "report", "reject")


class Place:
    """A folder with the inputs, in which the programs run one after the other with the same options."""

    def __init__(self, parent, mode, inputs):
        self.mode = mode
        self.folder = parent / (mode or "plain")
        shutil.copytree(inputs, self.folder)
        self.blamed = set()  # files that differ already, by an earlier program's doing

    def run(self, argv, stdin):
        text = (self.folder / stdin).read_text() if stdin else None
        return run(argv, options={"mode": self.mode} if self.mode else None, preload=self.mode is not None, cwd=self.folder, input=text, timeout=120)


def compare(name, plain, expected, place, result):
    wrong = []
    if result.reports or result.summary:
        wrong.append("expected no report, came %s" % reports_in_words(result.reports))
    if result.ending != expected.ending:
        wrong.append("expected %s as without Holdfast, came %s" % (expected.ending, result.ending))
    if result.stdout != expected.stdout:
        wrong.append("expected the same output %s, came %s" % first_difference(expected.stdout, result.stdout))
    if result.stderr != expected.stderr:
        wrong.append("expected the same messages %s, came %s" % first_difference(expected.stderr, result.stderr))
    left, right = contents(plain.folder), contents(place.folder)
    different = {name for name in left.keys() | right.keys() if left.get(name) != right.get(name)}
    for file in sorted(different - place.blamed):
        wrong.append("the file %s %s" % (file, "differs" if file in left and file in right else "is missing" if file in left else "should not be there"))
    place.blamed = different
    check("%s, mode %s" % (name, place.mode), not wrong, "\n".join(wrong) + "\n" + (result.stderr if wrong else ""))


def split(line):
    command, less, stdin = line.partition(" < ")
    return shlex.split(command), stdin.strip() or None


def test_tools(parent, inputs):
    plain, *places = [Place(parent, mode, inputs) for mode in (None, *MODES)]
    for line in COMMANDS.strip().splitlines():
        argv, stdin = split(line)
        if shutil.which(argv[0]) is None:
            skip(line, "%s is not installed" % argv[0])
            continue
        expected = plain.run(argv, stdin)
        for place in places:
            compare(line, plain, expected, place, place.run(argv, stdin))


def test_script(parent, inputs, script):
    home = parent / script.stem
    home.mkdir()
    plain, *places = [Place(home, mode, inputs) for mode in (None, *MODES)]
    expected = plain.run([PYTHON, script], None)
    if expected.status != 0:
        check("%s runs without Holdfast" % script.name, False, expected)
        return
    for place in places:
        compare(script.name, plain, expected, place, place.run([PYTHON, script], None))


def test_watched(folder):
    """That nothing differs means something only when the programs are watched: `help=1` speaks up with the first call that is."""
    programs = {"gdalinfo": ["gdalinfo", "rgb.tif"], "ogr2ogr": ["ogr2ogr", "-f", "CSV", "/vsistdout/", "areas.shp"], "cs2cs": ["cs2cs", "EPSG:4326", "EPSG:32633", "points.txt"]}
    for package, call in {"osgeo": "from osgeo import gdal; gdal.Open('rgb.tif')", "rasterio": "import rasterio; rasterio.open('rgb.tif')",
                          "fiona": "import fiona; fiona.open('areas.shp')", "shapely": "from shapely.geometry import Point; Point(1, 2).buffer(1)",
                          "pyproj": "import pyproj; pyproj.CRS(4326)"}.items():
        programs[package] = [PYTHON, "-c", call]
    for name, argv in programs.items():
        if shutil.which(argv[0]) is None:
            continue
        result = run(argv, options="help=1", cwd=folder)
        check("%s is watched" % name, result.status == 0 and result.stderr.count("Options of Holdfast") == 1, result)


with workshop() as folder:
    (folder / "inputs").mkdir()
    make_inputs(folder / "inputs")
    test_watched(folder / "inputs")
    scripts = sorted(path for path in SCRIPTS.glob("*.py") if path.name not in ("make_inputs.py", "python_stacks.py"))  # the second is part of another test
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        work = [pool.submit(test_tools, folder, folder / "inputs")]
        work += [pool.submit(test_script, folder, folder / "inputs", script) for script in scripts]
        for each in work:
            each.result()
sys.exit(finish())
