"""`holdfast graph`: what lives in what, of a running process and of a record, in each of its formats.

usage: graph_test.py BUILD_DIRECTORY
"""
import json
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
import xml.etree.ElementTree as xml

from support import COMMAND, PYTHON, check, check_equal, environment, finish, run, skip, workshop

HOSTILE = "a\x1b[31m\nband 9\"</title><script>\\n]]>\u2028end"
PROGRAM = """
import os, signal, sys
from osgeo import gdal, ogr
source = ogr.GetDriverByName("Memory").CreateDataSource("roads.gpkg")
layer = source.CreateLayer(HOSTILE)
for number in range(40):
    layer.CreateFeature(ogr.Feature(layer.GetLayerDefn()))
features = [feature for feature in layer]
for name in ("small.tif", "other.tif"):
    gdal.GetDriverByName("GTiff").Create(name, 4, 4, 3)
other = gdal.Open("other.tif")
other = None
image = gdal.Open("small.tif")
bands = [image.GetRasterBand(number) for number in (1, 2, 3)]
del image  # held: the bands need it
print("ready", flush=True)
sys.stdin.read()
"""


def start(folder, **options):
    script = folder / "program.py"
    script.write_text("HOSTILE = %r\n%s" % (HOSTILE, PROGRAM))
    process = subprocess.Popen([PYTHON, script], cwd=folder, env=environment({"log_path": folder / "log", **options}), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    process.stdout.readline()
    return process


def graph(*arguments):
    return run([COMMAND, "graph", *arguments], preload=False)


def test_tree(record):
    done = graph(record)
    lines = done.stdout.splitlines()
    check("the process, what became of it, and how many are live, held and dead", re.match(r"python3, process \d+, \w+: \d+ live, 1 held, \d+ dead$", lines[0]), done)
    place = next(number for number, line in enumerate(lines) if line.startswith("dataset 'small.tif'") and "[held" in line)
    check("a held dataset: who asked for its free, and where", "free postponed, asked for by GDALClose at " in lines[place] and "program.py:16" in lines[place], lines[place])
    check("... and below it its three bands, each with its proxy and its birthplace",
          [re.sub(r"  0x[0-9a-f]+", "", line)[:40] for line in lines[place + 1:place + 4]] == ["%s band %d  [live, stale, 1 proxy]  lent " % (sign, number) for number, sign in ((1, "├─"), (2, "├─"), (3, "└─"))] and
          all("lent by GDALGetRasterBand at" in line and "program.py:15 in" in line for line in lines[place + 1:place + 4]), "\n".join(lines[place:place + 5]))
    check("a layer in its dataset, features that should not outlive it, young ones among them",
          re.search(r"^dataset 'roads.gpkg'.*\n└─ layer 'a.*\n(   .*\n)*?   [├└]─ feature  0x[0-9a-f]+  \[live, 1 proxy, young\]  should not outlive  made by OGR_L_GetNextFeature", done.stdout, re.MULTILINE), done.stdout)
    check("handles that are alike are told as a number", re.search(r"and \d\d more like it", done.stdout), done.stdout)
    check("what a terminal would obey is not in it", "\x1b" not in done.stdout and "\\x1b[31m" in done.stdout)
    check("... nor does a name make lines of its own", "\nband 9" not in done.stdout and "\\x0aband 9" in done.stdout, done.stdout)
    everything = graph("--alike", "0", record).stdout
    check_equal("--alike 0: all 40 features", 40, everything.count("OGR_L_GetNextFeature"))


def test_choices(record):
    whole = graph(record).stdout
    live = graph("--live", record).stdout
    check("--live: no dead ones", "[dead" in whole and "[dead" not in live and "band 2" in live, live)
    rooted = graph("--root", "roads.gpkg", record)
    check("--root with a name: it and what hangs on it", rooted.stdout.splitlines()[2].startswith("dataset 'roads.gpkg'") and "small.tif" not in rooted.stdout, rooted)
    address = re.search(r"band 2  (0x[0-9a-f]+)", whole).group(1)
    one = graph("--root", address, record).stdout.splitlines()
    check("--root with an address: that one", len(one) == 3 and one[2].startswith("band 2  %s" % address), one)
    shallow = graph("--root", "roads.gpkg", "--depth", "1", record).stdout
    check("--depth 1: one level, and how many are below", re.search(r"└─ layer .*\(\d+ below\)", shallow) and "feature" not in shallow.split("\n", 3)[3].replace("left out", ""), shallow)
    cut = graph("--limit", "3", record).stdout
    left = re.search(r"^(\d+) handles left out", cut, re.MULTILINE)
    counts = [int(number) for number in re.findall(r"(\d+) (?:live|held|dead)", cut.splitlines()[0])]
    check("--limit 3: three, and the number of those left out", left and int(left.group(1)) == sum(counts) - 3, cut)
    for what, arguments, status, words in (("a root that is not there", ["--root", "nothing.tif", record], 1, "has no handle 'nothing.tif'"), ("an unknown format", ["--format", "png", record], 2, "must be tree, dot, svg or json"),
                                           ("a wrong number", ["--limit", "0", record], 2, "--limit '0' is wrong"), ("no argument", [], 2, "which process"), ("two", [record, record], 2, "one too many"),
                                           ("an unknown option", ["--deep", record], 2, "no option '--deep'"), ("an option without value", ["--root"], 2, "needs a value")):
        done = graph(*arguments)
        check("%s: status %d, and said" % (what, status), done.status == status and words in done.stderr, done)


def test_formats(folder, record):
    drawing = graph("--format", "svg", record)
    root = xml.fromstring(drawing.stdout)
    texts = "".join(root.itertext())
    classes = {one.get("class", "").split(" ")[0] for one in root.iter("{http://www.w3.org/2000/svg}g")}
    check("svg: well-formed, with all three states, which words tell too", classes >= {"live", "held", "dead"} and all(word in texts for word in ("live", "held", "dead")), classes)
    check("... a hostile name is text", not list(root.iter("{http://www.w3.org/2000/svg}script")) and "</title><script>" in texts)
    boxes = [(float(one.get("x")), float(one.get("y"))) for one in root.iter("{http://www.w3.org/2000/svg}rect")]
    check("... no two boxes in one place, all inside", len(set(boxes)) == len(boxes) and max(x for x, _ in boxes) + 236 <= float(root.get("width")) and max(y for _, y in boxes) + 46 <= float(root.get("height")), (boxes, root.attrib))
    document = json.loads(graph("--format", "json", record).stdout)
    nodes = {node["id"]: node for node in document["nodes"]}
    band = next(node for node in document["nodes"] if node["kind"] == "band" and node.get("number") == 2)
    parent = nodes[band["parent"]]
    check("json: band 2 lives in a held dataset", parent["kind"] == "dataset" and parent["state"] == "held" and parent["label"].endswith("small.tif") and band["holders"] == 1 and "program.py:15" in band["made_at"], (band, parent))
    check("... its edges name nodes", document["edges"] and all(edge["parent"] in nodes and edge["child"] in nodes for edge in document["edges"]))
    check_equal("... the sum of all is that of the states", sum(document["handles"].values()), sum(node.get("more", 1) for node in document["nodes"]) + document["left_out"] + sum(node.get("below", 0) for node in document["nodes"] if "more" in node))
    dot = graph("--format", "dot", record)
    if shutil.which("dot") is None:
        skip("dot: graphviz draws it", "there is no graphviz")
        return
    drawn = subprocess.run(["dot", "-Tsvg"], input=dot.stdout, capture_output=True, text=True)
    check("dot: graphviz draws it without complaint, each node", drawn.returncode == 0 and not drawn.stderr and drawn.stdout.count('class="node"') == dot.stdout.count(", label="), drawn.stderr)


def test_processes(folder):
    process = start(folder, record=folder / "live.%p")
    done = graph(process.pid)
    check("a running process with a record, by its number: young handles too", ", running: " in done.stdout and ", young]" in done.stdout and process.poll() is None, done)
    process.kill()
    process.communicate()
    process = start(folder)
    done = graph(process.pid)
    check("one without a record: read from its memory, and what is missing is said", done.status == 0 and ", running: " in done.stdout and re.search(r"dataset '.*small.tif'", done.stdout) and "band 2" in done.stdout and
          "the youngest handles of each thread are missing" in done.stdout, done)
    process.kill()
    process.communicate()
    done = graph(process.pid)
    check("one that has ended: said", done.status == 1 and "there is none with this number" in done.stderr, done)
    done = graph(os.getpid())
    check("one without Holdfast: said", done.status == 1 and "does not run under Holdfast" in done.stderr, done)


def test_many(folder):
    """A layer with a hundred thousand features, and as many geometries."""
    script = folder / "many.py"
    script.write_text("""
import os, signal
from osgeo import ogr
definition = ogr.FeatureDefn("made")
kept = [ogr.Feature(definition) for number in range(100000)]
lent = []
for feature in kept:
    feature.SetGeometry(ogr.CreateGeometryFromWkt("POINT (1 2)"))
    lent.append(feature.GetGeometryRef())
os.kill(os.getpid(), signal.SIGKILL)
""")
    run([PYTHON, script], options={"record": folder / "many.%p", "record_size": "64m", "log_path": folder / "log"}, timeout=240)
    record = next(folder.glob("many.*[0-9]"))
    done = graph(record)
    check("200,000 handles: a short tree that counts the others", done.status == 0 and len(done.stdout.splitlines()) < 60 and re.search(r"and 99997 more like it, with 99997 on them", done.stdout), done.stdout[:2000])
    done = graph("--alike", "0", "--format", "svg", record)
    left = re.search(r"(\d+) handles left out", done.stdout)
    check("... a bounded drawing of all, which says how many are left out", done.status == 0 and len(done.stdout) < 1000000 and left and int(left.group(1)) > 190000, done.stdout[:500])


def test_damaged(folder, record):
    """What is wrong in a record must not make a walk endless, or read beyond it."""
    sound = bytearray(record.read_bytes())
    header = struct.unpack_from("<QIIII", sound, 144 + 3 * 24)
    offset, size, capacity, used = header[0], header[1], header[2], header[3]
    check("the relations are where the test looks for them", size == 24 and 1 < used <= capacity, header)
    handles = struct.unpack_from("<Q", sound, 144)[0]
    endings, lost = set(), []
    for what in range(7):
        damaged = bytearray(sound)
        for edge in range(1, used):
            at = offset + edge * size
            parent, child = struct.unpack_from("<II", damaged, at)
            if what == 6:
                if edge == used - 1:  # a circle: the parent of the first relation gets its child as parent
                    first = struct.unpack_from("<II", sound, offset + size)
                    struct.pack_into("<IIIIII", damaged, at, first[1], first[0], 0, 0, 0, 1)
                    struct.pack_into("<I", damaged, handles + 80 * first[0] + 36, edge)
                continue
            new = [(child, parent), (child, child), (0xffffffff, child), (parent, 0x7fffffff), (parent, child), (child, parent)][what]
            struct.pack_into("<II", damaged, at, *new)
            if what in (4, 5):
                struct.pack_into("<II", damaged, at + 8, edge, edge)  # next is itself
        path = folder / ("damaged.%d" % what)
        path.write_bytes(damaged)
        for form in ("tree", "json", "svg", "dot"):
            done = graph("--format", form, "--alike", "0", path)
            endings.add(done.ending)
            if form == "json":
                document = json.loads(done.stdout)
                if sum(document["handles"].values()) != len(document["nodes"]):
                    lost.append((what, document["handles"], len(document["nodes"])))
    check_equal("relations in circles, of themselves, to nowhere: it ends, and well", {"exit status 0"}, endings)
    check_equal("... and each handle is shown all the same", [], lost)
    (folder / "cut").write_bytes(sound[:5000])
    done = graph(folder / "cut")
    check("a truncated record: said", done.status == 1 and "truncated" in done.stderr, done)


with workshop() as folder:
    process = start(folder, record=folder / "record.%p")
    process.send_signal(signal.SIGKILL)
    process.communicate()
    record = next(folder.glob("record.*"))
    test_tree(record)
    test_choices(record)
    test_formats(folder, record)
    test_damaged(folder, record)
    test_processes(folder)
    test_many(folder)
sys.exit(finish())
