"""No stack is attributed wrongly: of every stack that Holdfast takes, remembered or not, the frames are those that the compiler's unwinder
finds at that very moment (option verify_stacks=1, which aborts the program at the first difference).

usage: stack_truth_test.py BUILD_DIRECTORY

1. stack_shapes.cc: stacks of every shape, millions of calls, compiled in several ways.
2. Python programs: osgeo, fiona, rasterio, shapely, pyproj.
3. The zoo.
What equal words prove is tested on damaged memory by tests/unit/stack_walk.c.
"""
import concurrent.futures
import re
import subprocess
import sys

from support import BUILD, FOLDER, PYTHON, SCRIPTS, check, compile_c, finish, gdal_flags, harness, make_inputs, run, skip, workshop

sys.path.insert(0, str(FOLDER.parent / "zoo"))
import stacks  # noqa: E402
import zoo  # noqa: E402

VERIFIED = re.compile(r"^holdfast: stacks verified: (\d+) recalled, (\d+) walked, (\d+) unwound$", re.MULTILINE)
DIFFERENCE = "is not the one that the unwinder finds"
total = [0, 0, 0]


def verify(what, argv, least=0, **more):
    """Run it; no difference, its end as it should be, and at least so many stacks were remembered ones. The result."""
    result = run(argv, {"verify_stacks": 1, "log_path": more["cwd"] / "log"}, timeout=600, **more)
    counts = [sum(map(int, column)) for column in zip(*VERIFIED.findall(result.stderr))] or [0, 0, 0]
    total[:] = [old + new for old, new in zip(total, counts)]
    check("%s: %d stacks recalled, %d walked, %d unwound, each true" % (what, *counts),
          result.status == 0 and DIFFERENCE not in result.stderr and counts[0] >= least, result)
    return result


# ---- 1. shapes

PLUGIN = "void through(void (*function)(void)) { function(); __asm__ volatile(\"\"); }"  # no jump: a call that leaves a frame
LEVELS = ("-O2", "-O0", "-O2 -fno-omit-frame-pointer", "-Os -fomit-frame-pointer -mno-red-zone", "-O3 -mavx -mstackrealign")
SHAPES = {"plain": 3000, "deep": 2000, "coroutines": 60000, "copied_coroutines": 60000, "signals": 1000, "threads": 100, "forks": 100, "generated": 20000}


def compile_shapes(folder, level):
    target = folder / ("shapes" + level.replace(" ", ""))
    subprocess.run(["g++", "-std=c++17", "-g", *level.split(), "-o", target, FOLDER / "stack_shapes.cc", *gdal_flags(), "-lpthread", "-ldl"], check=True)
    return target


def test_shapes(folder):
    plugins = [compile_c(PLUGIN, folder / ("plugin%d.so" % number), "-shared", "-fPIC", "-O2") for number in (1, 2)]
    with open("/proc/cpuinfo") as cpu:
        avx = " avx " in cpu.read()
    for number, level in enumerate(LEVELS):
        if "-mavx" in level and not avx:
            skip("shapes " + level, "the processor cannot")
            continue
        program = compile_shapes(folder, level)
        for shape, rounds in SHAPES.items():
            verify("%s (%s)" % (shape, level), [program, shape, number + 1, rounds], least=rounds / 50, cwd=folder)
        # Two files whose code is the same word for word, one after the other at one address: who does not see that the first is gone
        # takes the second for it.
        result = verify("plugins (%s)" % level, [program, "plugins", number + 1, 2000, *plugins], least=2000, cwd=folder)
        where = re.search(r"^(\d+) times where", result.stdout, re.MULTILINE)
        check("plugins came to lie at the same address (%s)" % level, where is not None and int(where.group(1)) > 1000, result)
        verify("impostors (%s)" % level, [program, "impostors", number + 1, 2000, plugins[0]], least=2000, cwd=folder)
    program = compile_shapes(folder, LEVELS[0])
    for depth in (1, 2, 7, 64):
        result = run([program, "plain", 5, 500], {"verify_stacks": 1, "stack_depth": depth, "log_path": folder / "log"}, cwd=folder)
        check("frames wanted: %d" % depth, result.status == 0 and VERIFIED.search(result.stderr), result)


# ---- 2. Python

OSGEO = """
import sys
from osgeo import ogr
source = ogr.GetDriverByName('Memory').CreateDataSource('')
layer = source.CreateLayer('layer')
for number in range(1000):
    feature = ogr.Feature(layer.GetLayerDefn())
    feature.SetGeometry(ogr.CreateGeometryFromWkt('POLYGON((0 0,0 %d,1 1,0 0))' % (number + 1)))
    layer.CreateFeature(feature)

def area(feature):
    return feature.GetGeometryRef().Area()

def boundary(feature, depth):
    if depth:
        return boundary(feature, depth - 1)
    return feature.GetGeometryRef().Boundary().Length()

def generate():
    for feature in layer:
        yield feature

total = 0
for turn in range(int(sys.argv[1])):
    for feature in generate():
        total += area(feature) + boundary(feature, turn % 5)
        total += sum(geometry.Length() for geometry in [feature.GetGeometryRef().Clone(), feature.geometry()])
        copy = feature.Clone(); total += copy.GetGeometryRef().Area()
print(round(total))
"""


ARGUMENTS = {"python_stacks.py": ["events", "20000"]}


def test_python(folder):
    make_inputs(folder)
    program = folder / "loop.py"
    program.write_text(OSGEO)
    verify("osgeo loop", [PYTHON, program, 60], least=300000, cwd=folder)
    for script in sorted(SCRIPTS.glob("*.py")):
        if script.name != "make_inputs.py":
            inside = folder / script.stem
            inside.mkdir()
            make_inputs(inside)
            verify(script.name, [PYTHON, script, *ARGUMENTS.get(script.name, [])], cwd=inside)


# ---- 3. the zoo

def test_zoo(keeper):
    stack = stacks.prepare("debian", BUILD, None)
    everything = [zoo.Program(path, BUILD, stack) for path in sorted((FOLDER.parent / "zoo").iterdir()) if re.fullmatch(r"(bad|ok)_\w+\.(c|py)", path.name)]

    def one(program):
        return program, keeper.run(program, "defer", verify_stacks=1, **zoo.options_of(program))[0]
    wrong, counts = [], [0, 0, 0]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for program, result in pool.map(one, [program for program in everything if program.runs()]):
            if DIFFERENCE in result.stderr:
                wrong.append(program.source.name)
            for found in VERIFIED.findall(result.stderr):
                counts = [old + int(new) for old, new in zip(counts, found)]
    check("the zoo: %d stacks recalled, %d walked, %d unwound, each true" % tuple(counts), not wrong and counts[0] > 0 and counts[1] > 1000, wrong)
    total[:] = [old + new for old, new in zip(total, counts)]


if __name__ == "__main__":
    with workshop() as folder:
        test_shapes(folder)
        test_python(folder)
        test_zoo(zoo.Keeper(folder))
    check("in all %d recalled, %d walked, %d unwound: more than two million" % tuple(total), sum(total) > 2000000 and total[0] > 1000000)
    sys.exit(finish())
