"""The page of `holdfast report --format html`, in a real browser: nothing is asked for, nothing is complained of, what the program named is text, keys, phone, ten thousand violations.

usage: html_test.py BUILD_DIRECTORY
"""
import json
import re
import sys

from browser import Browser, find_browser
from support import COMMAND, PYTHON, check, check_equal, finish, run, skip, workshop

HOSTILE = "</script><script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\">\u2028'\"&{{x}}"
PROGRAM = """
import os, signal
from osgeo import ogr
source = ogr.GetDriverByName("Memory").CreateDataSource("roads " + HOSTILE)
layer = source.CreateLayer("streets " + HOSTILE)
for number in range(12):
    layer.CreateFeature(ogr.Feature(layer.GetLayerDefn()))
features = [feature for feature in layer]
def late():
    geometry = ogr.CreateGeometryFromWkt("POLYGON ((0 0,1 0,1 1,0 0))")
    return geometry.GetGeometryRef(0)
late().GetPointCount()  # the line that is marked
definition = layer.GetLayerDefn()
point = ogr.Feature(definition)
point.SetGeometry(ogr.CreateGeometryFromWkt("POINT (1 2)"))
borrowed = point.GetGeometryRef()
del point
try:
    borrowed.ExportToWkt()
except Exception:
    pass
os.kill(os.getpid(), signal.SIGKILL)
"""


def report(*files):
    return run([COMMAND, "report", "--format", "html", *files], preload=False, timeout=120)


def write_page(folder, name, *files):
    done = report(*files)
    page = folder / name
    page.write_text(done.stdout)
    check("%s: the report is written" % name, done.status == 0 and "<!doctype html>" in done.stdout, done)
    return page


def record_program(folder):
    """One log and one record of a program with three mistakes, which is killed."""
    script = folder / "program.py"
    script.write_text("HOSTILE = %r\n%s" % (HOSTILE, PROGRAM))
    run([PYTHON, script], options={"log_path": folder / "log", "log_format": "json", "record": folder / "record.%p"})
    return sorted(folder.glob("log.*")) + sorted(folder.glob("record.*"))


def data_of(text):
    return text.split('<script type="application/json" id="data">', 1)[1].split("</script>", 1)[0]


def test_data(page):
    text = page.read_text()
    data = data_of(text)
    check("the data are ASCII without '<'", data.isascii() and "<" not in data, data[:300])
    document = json.loads(data)
    check("... and have the hostile name as it was", any(HOSTILE in one["message"] or HOSTILE in json.dumps(one, ensure_ascii=False).replace('\\"', '"') for one in document["violations"]), document["violations"])
    drawn = [document["pictures"][one["picture"]] for one in document["violations"]]
    check("each violation has a picture, as the record had it: with birthplaces, and one of its handles is the one", drawn and all("told" not in picture and sum(node.get("x", False) for node in picture["nodes"]) == 1 and
          any("program.py" in node.get("b", "") for node in picture["nodes"]) for picture in drawn), drawn)
    copies = {copy["library"]: copy for copy in document["records"][0]["libraries"]}
    check("the record tells the copies of the libraries", "libgdal" in copies["gdal"]["path"] and re.match(r"\d+\.\d+\.\d+$", copies["gdal"]["version"]) and copies["gdal"]["alive"] > 12 and copies["gdal"]["build_id"], copies)
    check("... with the versions of those that GDAL alone has called, by their files", all(re.match(r"\d+\.\d+\.\d+$", copy.get("version", "")) for copy in copies.values()) and {"geos", "proj"} <= copies.keys(), copies)
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text).group(1)
    check("the policy lets nothing be loaded, and only its own script run", "default-src 'none'" in policy and "unsafe" not in policy and policy.count("sha256-") == 2, policy)
    check("nothing in the page names another address", not re.search(r"""(?:src|href)=["']?(?!#)[a-z/]""", text.replace(data, "").split("<script>")[0]), "")


def test_page(folder, page):
    with Browser() as browser:
        browser.open(page)
        browser.settle()
        check_equal("no errors", [], browser.complaints)
        check_equal("nothing is asked for but the page", ["file://%s" % page], browser.requests)
        check_equal("hostile names do not run", "Holdfast report", browser.value("document.title"))
        check("... and are shown as text", browser.value("document.body.innerText").count("<script>document.title='taken'") > 0 and browser.value("document.querySelectorAll('img, script[src]').length") == 0)
        check("one main, one heading, a navigation", browser.value("[document.querySelectorAll('main').length, document.querySelectorAll('h1').length, document.querySelectorAll('nav').length].join()") == "1,1,1")
        nameless = browser.value("""[...document.querySelectorAll('button, a, input, select, [role]')].filter(one => one.getAttribute('role') !== 'presentation' &&
            !(one.getAttribute('aria-label') || one.textContent.trim() || one.closest('label') || one.getAttribute('aria-labelledby'))).map(one => one.outerHTML.slice(0, 80))""")
        check_equal("everything that can be used has a name", [], nameless)
        lines = browser.value("[...document.querySelectorAll('.source tr.here')].map(one => one.textContent)")
        count = browser.value("document.querySelectorAll('.row').length")
        check("the biography shows source lines, one of them marked", lines and count >= 2, lines)
        marked = []
        for index in range(count):
            browser.value("location.hash = '#violation-%d'" % index)
            browser.settle()
            marked += browser.value("[...document.querySelectorAll('.line')].map(one => [one.querySelector('h4').textContent, (one.querySelector('tr.here') || {}).textContent || ''])")
        check("... the line that used it", any(title.startswith("Used") and "# the line that is marked" in text for title, text in marked), marked)
        check("... where it was made, and where it was freed", any(title.startswith("Obtained") and "GetGeometryRef(0)" in text for title, text in marked) and any(title.startswith("Freed") for title, text in marked), marked)
        words = browser.value("[...document.querySelectorAll('.node')].map(one => one.textContent).join('|')")
        check("the picture tells states by words, and the handle that it is about", re.search("● live|◐ held|✕ dead", words) and "this handle" in words, words)
        check("... and by more than colour", browser.value("['held', 'dead'].every(name => { const style = [...document.styleSheets[0].cssRules].find(rule => rule.selectorText === '.node.' + name + ' rect').style; return style.strokeDasharray; })"))
        check("... and is there as text", browser.value("document.querySelectorAll('.tree li').length") >= 2)
        folded = browser.value("(() => { const stack = document.querySelector('.step > details'); const before = stack.open; stack.querySelector('summary').click(); return [before, stack.open, stack.textContent.includes('Python, innermost first')]; })()")
        check_equal("stacks unfold, Python first", [False, True, True], folded)
        for view, words in (("handles", ["By kind", "feature", "OGR_L_GetNextFeature"]), ("libraries", ["libgdal", "Build id"]), ("notes", ["was killed", "Made by Holdfast"])):
            browser.value("location.hash = '#%s'" % view)
            browser.settle()
            shown = browser.value("document.querySelector('main').innerText")
            check("the part %s shows what it is for" % view, all(word in shown for word in words), shown)
        check_equal("still no errors", [], browser.complaints)
        check_equal("still nothing asked for", 1, len(browser.requests))


def test_keys(page):
    chosen = "document.querySelector('[role=option][aria-selected=true]').id"
    with Browser() as browser:
        browser.open(page)
        browser.key("Tab")
        check("the first stop of the focus skips to the report", browser.value("document.activeElement.className") == "skip")
        stops = []
        for _ in range(14):
            browser.key("Tab")
            stops.append(browser.value("(() => { const one = document.activeElement; const style = getComputedStyle(one); return [one.id || one.className || one.tagName, style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2]; })()"))
        order = [name for name, _ in stops]
        check("the focus goes through navigation, search and list", order.index("search") < order.index("list"), order)
        check("... and can be seen everywhere", all(seen for _, seen in stops), stops)
        browser.value("document.activeElement.blur()")
        first = browser.value(chosen)
        browser.key("j")
        second = browser.value(chosen)
        check("j chooses the next one", first != second, (first, second))
        browser.key("k")
        check_equal("k the one before", first, browser.value(chosen))
        browser.key("/")
        check_equal("/ goes to the search", "search", browser.value("document.activeElement.id"))
        browser.type("ring jj nothing")
        check("what is typed there is text", browser.value("document.getElementById('search').value") == "ring jj nothing" and "No violation fits" in browser.value("document.querySelector('.detail').innerText"))
        browser.value("(() => { const one = document.getElementById('search'); one.value = 'getpointcount'; one.dispatchEvent(new Event('input')); })()")
        check_equal("the search finds functions too", 1, browser.value("document.querySelectorAll('.row').length"))
        browser.key("Enter")
        check_equal("Enter goes to the list", "list", browser.value("document.activeElement.id"))
        browser.key("Enter")
        check_equal("... and again to the violation", "violation-title", browser.value("document.activeElement.id"))
        browser.key("Escape")
        check_equal("Escape back to the list", "list", browser.value("document.activeElement.id"))
        browser.key("?", shift=True)
        check("? tells the keys", browser.value("document.getElementById('help').open"))
        browser.key("Escape")
        browser.key("2")
        check_equal("2 shows the handles", "#handles", browser.value("location.hash"))
        check_equal("no errors", [], browser.complaints)


def contrast(browser, selector):
    """Of the text of the first such element against what is behind it."""
    return browser.value("""(() => {
      const level = color => { const [r, g, b] = color.match(/[0-9.]+/g).slice(0, 3).map(value => { const part = value / 255; return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4; }); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
      let one = document.querySelector(%s), behind = one; const front = getComputedStyle(one).color;
      while (behind && /rgba\\(.*, 0\\)|transparent/.test(getComputedStyle(behind).backgroundColor)) behind = behind.parentElement;
      const levels = [level(front), level(getComputedStyle(behind || document.body).backgroundColor)].sort((a, b) => b - a);
      return (levels[0] + 0.05) / (levels[1] + 0.05); })()""" % json.dumps(selector))


def test_looks(page):
    colours, switched = {}, {}
    palette = """(() => { const style = getComputedStyle(document.documentElement);
      return [getComputedStyle(document.body).backgroundColor, style.colorScheme, ...["ink", "line", "accent", "error-soft", "held", "s7", "shadow"].map(name => style.getPropertyValue("--" + name))]; })()"""
    for dark in (False, True):
        with Browser(dark=dark) as browser:
            browser.open(page)
            colours[dark] = browser.value(palette)
            weak = {name: round(value, 2) for name in (".row .message", ".row .where", ".badge", ".facts", ".step .at", "#subtitle", "nav a", ".source td", ".source .here td", "summary") for value in [contrast(browser, name)] if value < 4.5}
            check("%s: all text has enough contrast" % ("dark" if dark else "light"), not weak, weak)
            browser.key("t", times=2 if not dark else 1)
            switched[dark] = browser.value(palette)
            browser.key("t", times=1 if not dark else 2)
            check_equal("%s: the switch goes back to what the system wishes" % ("dark" if dark else "light"), colours[dark], browser.value(palette))
    for dark in (False, True):
        check_equal("%s: the switch shows the other one, all of it" % ("dark" if dark else "light"), colours[not dark], switched[dark])
    check("dark is not light", all(one != other for one, other in zip(colours[False], colours[True])), colours)
    with Browser(width=360, height=740) as browser:
        browser.open(page)
        check_equal("360 pixels: the list alone", [True, False], browser.value("['.side', '.detail'].map(name => document.querySelector(name).offsetWidth > 0)"))
        browser.click(".row")
        browser.settle()
        check_equal("... a touch shows the violation alone", [False, True], browser.value("['.side', '.detail'].map(name => document.querySelector(name).offsetWidth > 0)"))
        wide = []
        for view in ("violation-0", "handles", "libraries", "notes"):
            browser.value("location.hash = '#%s'" % view)
            browser.settle()
            if browser.value("Math.max(...[document.documentElement, ...document.querySelectorAll('.detail, .wide')].map(one => one.scrollWidth))") > 360 or browser.value("Math.max(...[...document.querySelectorAll('.detail > *, .wide > *')].map(one => one.getBoundingClientRect().right))") > 361:
                wide.append(view)
        check_equal("... and nothing is wider than the screen", [], wide)
        check_equal("no errors", [], browser.complaints)


def test_paper(page):
    """A sheet is as narrow as a telephone, where the chosen violation is not to be seen before it is touched; and it is white."""
    for width in (700, 1280):
        with Browser(width=width, dark=True) as browser:
            browser.open(page)
            browser.ask("Emulation.setEmulatedMedia", media="print", features=[{"name": "prefers-color-scheme", "value": "dark"}])
            browser.settle()
            shown, height, colour, bounds = browser.value("""[document.querySelector(".detail").innerText, document.querySelector(".detail").offsetHeight, getComputedStyle(document.body).color,
              [...document.querySelectorAll("body, main, .detail")].map(one => getComputedStyle(one).overflow)]""")
            check("paper, %d pixels: the chosen violation is on it" % width, height > 200 and "Biography" in shown, (height, shown[:300]))
            check("... in dark ink, and as long as it is", max(int(part) for part in re.findall("[0-9]+", colour)[:3]) < 100 and set(bounds) == {"visible"}, (colour, bounds))


def many_violations(count):
    for number in range(count):
        stack = [{"file": "/no/such/program_%d.py" % (number % 50), "line": number + 1, "function": "step_%d" % number}, {"file": "/no/such/main.py", "line": number % 7 + 1, "function": "main"}]
        yield json.dumps({"schema": 1, "type": "violation", "time": "2026-01-02T03:04:%02dZ" % (number % 60), "pid": 1 + number % 9, "program": "many", "rule": "HF101" if number % 3 else "HF103", "name": "stale-use",
                          "severity": "error", "message": "band b%d was used" % number, "handle": {"kind": "band", "address": hex(4096 + number), "description": "band %d" % number}, "parents": [],
                          "stacks": {"used": {"function": "GDALReadBlock", "python": stack, "native": []}}})


def test_many(folder):
    log = folder / "many.log"
    log.write_text("\n".join(many_violations(10000)) + "\n")
    page = write_page(folder, "many.html", log)
    with Browser() as browser:
        browser.open(page)
        browser.settle()
        check_equal("10,000 violations: all are there", "10,000 violations", browser.value("document.querySelector('.count-line').textContent"))
        check("... few of them in the document", 0 < browser.value("document.querySelectorAll('.row').length") < 60)
        browser.value("document.querySelector('.list').focus()")
        browser.key("End")
        check_equal("... the last one is one key away", "10000", browser.value("document.querySelector('[role=option][aria-selected=true]').getAttribute('aria-posinset')"))
        nodes = browser.value("document.querySelectorAll('*').length")
        check("... and the document stays small", nodes < 3000, nodes)
        browser.value("(() => { const one = document.getElementById('search'); one.value = 'Band b9999'; one.dispatchEvent(new Event('input')); })()")
        check_equal("... a search finds the one", "1 of 10,000 violations", browser.value("document.querySelector('.count-line').textContent"))
        browser.value("(() => { const one = document.getElementById('search'); one.value = ''; one.dispatchEvent(new Event('input')); })()")
        browser.click(".chip")
        check("... a rule leaves the others out", re.match(r"6,666 of 10,000|3,334 of 10,000", browser.value("document.querySelector('.count-line').textContent")), browser.value("document.querySelector('.count-line').textContent"))
        check_equal("no errors", [], browser.complaints)


def test_empty(folder):
    log = folder / "empty.log"
    log.write_text('{"schema":1,"type":"summary","pid":1,"violations":0,"repeats":0,"refused":0,"held":0}\n')
    page = write_page(folder, "empty.html", log)
    with Browser() as browser:
        browser.open(page)
        browser.settle()
        check("no violations: said", "No violations." in browser.value("document.querySelector('main').innerText") and not browser.complaints, browser.complaints)
        for view in ("2", "3", "4"):
            browser.key(view)
        check("... and the other parts say what they lack", "No record was among the files" in browser.value("document.querySelector('main').innerText") and not browser.complaints, browser.complaints)


def test_growth(folder):
    """A program that loses a feature at each turn, until the clock of the samples must have struck several times."""
    script = folder / "growing.py"
    script.write_text("""
import os, signal, time
from osgeo import ogr
definition, kept, turns = ogr.FeatureDefn("made"), [], 0
def leak():
    kept.append(ogr.Feature(definition))
end = time.monotonic() + 1.5
while time.monotonic() < end or len(kept) < 2000:
    leak()
    for number in range(10):
        ogr.Feature(definition)
print(len(kept), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
""")
    made = int(run([PYTHON, script], options={"record": folder / "growing.%p", "record_size": "256m", "log_path": folder / "growing-log"}).stdout)
    record = json.loads(data_of(report(*folder.glob("growing.[0-9]*")).stdout))["records"][0]
    check("the record has all of them alive", record["live"] == made + 1, (record["live"], made))
    growth, places = record["growth"], record["growth_sites"]
    features = next(series for series in growth["series"] if series["name"] == "feature")["values"]
    check("how the kind grew: from little to nearly all, never less, over the whole time", len(features) >= 5 and features == sorted(features) and features[0] < made / 3 and made / 2 < features[-1] <= made and
          growth["times"] == sorted(growth["times"]) and growth["times"][-1] - growth["times"][0] > 500, (made, features, growth["times"]))
    check("... and the place that makes them", any("growing.py:6 in leak" in series["name"] and series["values"][-1] > made / 2 for series in places["series"]), places["series"])


def test_young_growth(folder):
    """What a thread keeps for itself is never in the table of handles; how many there were, and where they were made, is in the samples all the same."""
    script = folder / "pool.py"
    script.write_text("""
import collections, os, signal, time
from osgeo import ogr
definition, pool = ogr.FeatureDefn("pooled"), collections.deque(maxlen=20)
def refill():
    feature = ogr.Feature(definition)
    feature.SetGeometryDirectly(ogr.Geometry(ogr.wkbPoint))
    pool.append(feature)
end = time.monotonic() + 1.0
while time.monotonic() < end:
    refill()
os.kill(os.getpid(), signal.SIGKILL)
""")
    run([PYTHON, script], options={"record": folder / "pool.%p", "log_path": folder / "pool-log"})
    record = json.loads(data_of(report(*folder.glob("pool.[0-9]*")).stdout))["records"][0]
    places = {series["name"]: series["values"] for series in record["growth_sites"]["series"]}
    made = [values for name, values in places.items() if name.endswith("pool.py:6 in refill")]
    check("young handles: the place that makes them, and how many there are", len(made) == 1 and len(made[0]) >= 4 and 10 <= made[0][-1] and max(made[0]) <= 25, places)
    # A sample may come between the birth of one and the call that gives it away.
    check("... those that were given away are nobody's to free", all(max(values) <= 2 for name, values in places.items() if "pool.py:7 " in name), places)
    kinds = {series["name"]: series["values"] for series in record["growth"]["series"]}
    check("... and both are in the numbers by kind", all(10 <= kinds[kind][-1] and max(kinds[kind]) <= 25 for kind in ("feature", "geometry") if kind in kinds) and {"feature", "geometry"} <= kinds.keys(), kinds)


def test_crash(folder):
    script = folder / "crash.py"
    script.write_text("""
import ctypes
from osgeo import ogr
def store():
    feature = ogr.Feature(ogr.FeatureDefn("roads"))
    feature.GetFID()
    ctypes.string_at(16)
store()
""")
    run([PYTHON, script], options={"log_format": "json", "log_path": folder / "crash-log"})
    page = write_page(folder, "crash.html", *folder.glob("crash-log.*"))
    [crash] = json.loads(data_of(page.read_text()))["crashes"]
    check("a crash has its stack and the handle's in the page", "SIGSEGV" in crash["message"] and {"crashed", "obtained"} <= crash.get("stacks", {}).keys(), crash)
    return page


def test_crash_page(page):
    with Browser() as browser:
        browser.open(page)
        browser.value("location.hash = '#crashes'")
        browser.settle()
        browser.value("document.querySelectorAll('main details').forEach(one => { one.open = true; })")
        shown = browser.value("document.querySelector('main').innerText")
        check("... which people can unfold", all(word in shown for word in ("Crashed", "Obtained", "crash.py:7", "crash.py:5")), shown)
        check_equal("no errors", [], browser.complaints)


def test_sources(folder):
    """A log may name any file: only what is source is read."""
    secret = folder / "secret.txt"
    secret.write_text("the secret\n" * 5)
    source = folder / "shown.py"
    source.write_text("the source\n" * 5)
    lines = [{"schema": 1, "type": "violation", "time": "2020-01-02T03:04:05Z", "pid": 1, "rule": "HF101", "severity": "error", "message": str(path), "stacks": {"used": {"function": "f", "python": [{"file": str(path), "line": 2, "function": "f"}], "native": []}}}
             for path in (secret, source, folder, "/dev/zero.py", "relative.py")]
    log = folder / "sources.log"
    log.write_text("".join(json.dumps(line) + "\n" for line in lines))
    text = report(log).stdout
    check("lines of a source file are in the page", "the source" in text)
    check("... of another file they are not", "the secret" not in text)
    check("... that the file is younger than what happened is told", re.search(r'\[1,\["the source"[^\]]*\],true\]', text), text[-2000:])


with workshop() as folder:
    files = record_program(folder)
    page = write_page(folder, "page.html", *files)
    test_data(page)
    test_sources(folder)
    test_growth(folder)
    test_young_growth(folder)
    crash = test_crash(folder)
    if find_browser() is None:
        skip("the page in a browser", "there is no chromium: tools/setup --tests installs it")
    else:
        test_page(folder, page)
        test_keys(page)
        test_looks(page)
        test_paper(page)
        test_many(folder)
        test_empty(folder)
        test_crash_page(crash)
sys.exit(finish())
