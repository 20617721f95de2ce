"""The reader of logs and all that shows them (tests/unit/log_fuzz.c) with files that libFuzzer makes up, from what programs really wrote.

usage: log_fuzz_test.py BUILD_DIRECTORY [RUNS]
"""
import sys

from fuzzing import compile_fuzzer, fuzz, left_out
from support import FOLDER, check, finish, run_python, workshop

ROOT = FOLDER.parents[1]
TOOLS, TRACKER = ROOT / "tools", ROOT / "tracker"
PARTS = ["read_log", "findings", "signature", "glance", "lines", "table", "text", "baseline", "suppressor", "symbolize", "symbolize_code", "symbolize_json", "symbolize_module", "places", "render_text", "render_json", "render_otlp", "render_sarif", "render_junit", "render_csv"]
SOURCES = [FOLDER.parent / "unit" / "log_fuzz.c", *[TOOLS / (name + ".c") for name in PARTS], *sorted(TRACKER.glob("*.c"))]
MISTAKES = """
from osgeo import gdal, ogr
def wrong(name):
    dataset = gdal.GetDriverByName("MEM").Create(name, 4, 4)
    band = dataset.GetRasterBand(1)
    del dataset
    print(band.XSize)
wrong("a")
wrong("b")
"""
WORDS = ["{", "}", "[", "]", ",", ":", '\\"', "\\\\", "\\\\u0041", '\\"schema\\":1', '\\"type\\":\\"violation\\"', '\\"rule\\":\\"HF101\\"', '\\"stacks\\":{', '\\"python\\":[', '\\"native\\":[', '\\"text\\":', "==12== ",
         "==12== Holdfast HF101 stale-use (error): ", "==12== Holdfast crash (error): ", '\\"type\\":\\"crash\\"', "holdfast.crash", "crashed", "  used      ", "    #0  ", ", by ", "  worker    ", "resourceLogs", "holdfast.violation", "exception.stacktrace", "\\x1f\\x8b", "\\xe2\\x80\\xae"]

with workshop() as folder:
    runs = sys.argv[2] if len(sys.argv) > 2 else "1500"
    flags = ["-DHOLDFAST_VERSION=\"0\"", "-I", TRACKER, "-I", TOOLS, "-ljansson", "-ldw", "-lelf", "-lz", "-ldl"]
    if not compile_fuzzer(folder / "fuzz", SOURCES, *flags):
        sys.exit(left_out("fuzzing the reader of logs"))
    seeds = folder / "begin"
    seeds.mkdir()
    for form in ("json", "text", "otlp"):
        for number in range(2):
            run_python(MISTAKES + number * "import ctypes\nctypes.string_at(16)\n", options={"log_format": form, "log_path": folder / form, "leaks": "all"}, cwd=folder)
        logs = sorted(folder.glob(form + ".*"))
        check("there are %s logs to begin with" % form, len(logs) == 2 and all(path.stat().st_size for path in logs), logs)
        (seeds / form).write_bytes(b"".join(path.read_bytes() for path in logs))
        first = logs[0].read_bytes().splitlines(keepends=True)
        (seeds / (form + "-1")).write_bytes(b"".join(first[:1] * 2 if form != "text" else first[:12]))
    (folder / "words").write_text("".join('"%s"\n' % word for word in WORDS))
    numbers = fuzz(folder / "fuzz", runs, "%s files, none led the reader astray" % runs, seeds, "-max_len=20000", "-len_control=0", "-dict=words", "-rss_limit_mb=2000", "-close_fd_mask=2")
    print("      " + " ".join(line for line in numbers if "executed_units" in line or "average_exec" in line or "peak_rss" in line))
sys.exit(finish())
