"""Two copies of libgdal in one process: each caller gets its own, as without Holdfast, and a handle of one that is given to the other
is HF111, after which the program goes on.

usage: copies_test.py BUILD_DIRECTORY

The second copy is Debian's libgdal under another soname (patchelf). Two helper objects hold the same functions, each linked to one copy
and loaded with RTLD_LOCAL, as Python loads the extension modules of two wheels.
"""
import os
import re
import shutil
import sys

from support import PYTHON, check, check_run, compile_c, copy_of_gdal, find_gdal, finish, gdal_flags, make_inputs, run, skip, workshop

HELPER = r"""
#define _GNU_SOURCE
#include <cpl_conv.h>
#include <cpl_error.h>
#include <dlfcn.h>
#include <gdal.h>
#include <string.h>
void start(void) { GDALAllRegister(); }
void set_option(const char *value) { CPLSetConfigOption("COPIES_TEST", value); }
const char *get_option(void) { return CPLGetConfigOption("COPIES_TEST", "unset"); }
void *open_file(const char *path) { return GDALOpen(path, GA_ReadOnly); }
void *create(void) { return GDALCreate(GDALGetDriverByName("MEM"), "", 7, 5, 2, GDT_Byte, NULL); }
void *band_of(void *dataset, int number) { return GDALGetRasterBand(dataset, number); }
int checksum(void *band) { return GDALChecksumImage(band, 0, 0, GDALGetRasterBandXSize(band), GDALGetRasterBandYSize(band)); }
int width(void *band) { return GDALGetRasterBandXSize(band); }
void close_file(void *dataset) { GDALClose(dataset); }
int drivers(void) { return GDALGetDriverCount(); }
void fail(void) { CPLPushErrorHandler(CPLQuietErrorHandler); GDALOpen("missing.tif", GA_ReadOnly); CPLPopErrorHandler(); }
const char *last_error(void) { return CPLGetLastErrorMsg(); }
/* In which file the driver manager of this copy lies: its own data tell, the wrapper's address does not. */
const char *home(void)
{
    Dl_info info;
    const char *text = GDALVersionInfo("--version");
    void *driver = GDALGetDriverByName("MEM");
    void *table = driver ? *(void **)driver : NULL; /* its virtual functions */
    const char *slash = table && dladdr(table, &info) ? strrchr(info.dli_fname, '/') : NULL;
    return text && slash ? slash + 1 : "?";
}
"""

# Everything that each side is asked, through functions found in its helper: so the same program serves linked and dlopen users.
PROGRAM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
struct side {
    void *handle;
    void (*start)(void), (*set_option)(const char *), (*close_file)(void *), (*fail)(void);
    const char *(*get_option)(void), *(*last_error)(void), *(*home)(void);
    void *(*open_file)(const char *), *(*create)(void), *(*band_of)(void *, int);
    int (*checksum)(void *), (*width)(void *), (*drivers)(void);
};
static void *find(void *handle, const char *name)
{
    void *found = dlsym(handle, name);
    if (found == NULL)
    {
        printf("%s\n", dlerror());
        exit(3);
    }
    return found;
}
static struct side load(const char *path)
{
    struct side side = {.handle = dlopen(path, RTLD_NOW | RTLD_LOCAL)};
    if (side.handle == NULL)
    {
        printf("%s\n", dlerror());
        exit(3);
    }
#define FIND(name) side.name = find(side.handle, #name)
    FIND(start), FIND(set_option), FIND(close_file), FIND(fail), FIND(get_option), FIND(last_error), FIND(home), FIND(open_file), FIND(create);
    FIND(band_of), FIND(checksum), FIND(width), FIND(drivers);
    side.start();
    return side;
}
int main(int count, char **words)
{
    struct side a = load(words[1]), b = load(words[2]);
    const char *part = words[3];
    if (strcmp(part, "own") == 0)
    {
        a.set_option("first");
        printf("%s %s\n", a.get_option(), b.get_option());
        b.set_option("second");
        printf("%s %s\n", a.get_option(), b.get_option());
        printf("%s %s\n", a.home(), b.home());
        printf("%d\n", a.drivers() == b.drivers());
        b.fail();
        printf("[%s] [%.11s]\n", a.last_error(), b.last_error());
        for (int i = 0; i < 200; i++)
        {
            void *one = a.open_file("rgb.tif"), *other = b.open_file("dem.tif");
            void *bands[] = {a.band_of(one, 2), b.band_of(other, 1)};
            int sums[] = {a.checksum(bands[0]), b.checksum(bands[1])};
            (i % 2 ? a : b).close_file(i % 2 ? one : other);
            (i % 2 ? b : a).close_file(i % 2 ? other : one);
            if (i == 199)
                printf("%d %d\n", sums[0], sums[1]);
        }
    }
    else if (strcmp(part, "mixed") == 0)
    {
        b.close_file(b.create()); /* now the versions of both are known */
        void *dataset = a.create();
        void *band = a.band_of(dataset, 1);
        printf("own %d\n", a.width(band));
        printf("foreign %d\n", b.width(band)); /* the same version lays it out in the same way: nothing is refused */
        printf("the program goes on\n");
        a.close_file(dataset);
    }
    else if (strcmp(part, "stale") == 0)
    {
        void *dataset = b.open_file("rgb.tif"), *band = b.band_of(dataset, 1);
        b.close_file(dataset);
        printf("late %d\n", b.width(band));
    }
    (void)count;
    return 0;
}
"""

# dlopen and dlsym alone: nobody is linked to either copy.
LOADER = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
typedef void *open_function(const char *, int);
typedef void *band_function(void *, int);
typedef int size_function(void *);
typedef void close_function(void *), register_function(void), set_function(const char *, const char *);
typedef const char *get_function(const char *, const char *);
int main(int count, char **words)
{
    void *library[2];
    for (int i = 0; i < 2; i++)
    {
        library[i] = dlopen(words[i + 1], RTLD_NOW | RTLD_LOCAL);
        if (library[i] == NULL)
            return puts(dlerror()), 3;
        ((register_function *)dlsym(library[i], "GDALAllRegister"))();
    }
    ((set_function *)dlsym(library[0], "CPLSetConfigOption"))("COPIES_TEST", "first");
    void *dataset[2], *band[2];
    for (int i = 0; i < 2; i++)
    {
        printf("%s ", ((get_function *)dlsym(library[i], "CPLGetConfigOption"))("COPIES_TEST", "unset"));
        dataset[i] = ((open_function *)dlsym(library[i], "GDALOpen"))("rgb.tif", 0);
        band[i] = ((band_function *)dlsym(library[i], "GDALGetRasterBand"))(dataset[i], 1);
        printf("%d\n", ((size_function *)dlsym(library[i], "GDALGetRasterBandXSize"))(band[i]));
    }
    if (strcmp(words[3], "mixed") == 0)
        ((size_function *)dlsym(library[0], "GDALGetRasterBandXSize"))(band[1]);
    printf("different %d\n", dlsym(library[0], "GDALOpen") != dlsym(library[1], "GDALOpen"));
    for (int i = 0; i < 2; i++)
        ((close_function *)dlsym(library[i], "GDALClose"))(dataset[i]);
    (void)count;
    return 0;
}
"""

# Python: osgeo on Debian's copy, ctypes on the other.
SCRIPT = """
import ctypes, sys
from osgeo import gdal
other = ctypes.CDLL(sys.argv[1])
other.GDALAllRegister()
other.GDALOpen.restype = other.GDALGetRasterBand.restype = ctypes.c_void_p
other.CPLGetConfigOption.restype = ctypes.c_char_p
gdal.SetConfigOption("COPIES_TEST", "osgeo")
print(other.CPLGetConfigOption(b"COPIES_TEST", b"unset"), gdal.GetConfigOption("COPIES_TEST"))
mine = gdal.Open("rgb.tif")
theirs = ctypes.c_void_p(other.GDALOpen(b"rgb.tif", 0))
band = ctypes.c_void_p(other.GDALGetRasterBand(theirs, 1))
print(mine.GetRasterBand(1).XSize, other.GDALGetRasterBandXSize(band))
if sys.argv[2] == "mixed":
    other.GDALGetRasterXSize(ctypes.c_void_p(int(mine.this)))
other.GDALClose(theirs)
print("end")
"""

LINKED = """
#include <ogr_api.h>
int main(void)
{
    OGR_F_Destroy(OGR_F_Create(OGR_FD_Create("made")));
    return 0;
}
"""


def same_as_plain(what, argv, folder, modes=("defer", "report", "reject")):
    plain = run(argv, preload=False, cwd=folder)
    if plain.status != 0:
        check("%s runs without Holdfast" % what, False, plain)
    for mode in modes:
        check_run("%s: as without Holdfast, no report, mode %s" % (what, mode), run(argv, options={"mode": mode}, cwd=folder), 0, plain.stdout, (), plain.stderr)
    return plain


def test(folder):
    make_inputs(folder)
    first = find_gdal()
    second = copy_of_gdal(folder)
    flags = gdal_flags()
    includes = [flag for flag in flags if flag.startswith("-I")]
    compile_c(HELPER, folder / "libfirst.so", "-shared", "-fPIC", *includes, first)
    compile_c(HELPER, folder / "libsecond.so", "-shared", "-fPIC", *includes, second, "-Wl,-rpath," + str(folder))
    program = compile_c(PROGRAM, folder / "program", "-ldl")
    loader = compile_c(LOADER, folder / "loader", "-ldl")

    for left, right in (("first", "second"), ("second", "first")):
        sides = [folder / ("lib%s.so" % name) for name in (left, right)]
        plain = same_as_plain("two linked helpers, %s loaded first" % left, [program, *sides, "own"], folder)
        homes = plain.stdout.splitlines()[2].split() if plain.status == 0 else []
        check("the test has two copies (%s first)" % left, len(set(homes)) == 2 and "?" not in homes, plain)
        for mode in ("defer", "report", "reject"):
            result = run([program, *sides, "mixed"], options={"mode": mode}, cwd=folder)
            check_run("a band of the %s copy given to the %s: HF111 and the program goes on, mode %s" % (left, right, mode), result, 0,
                      "own 7\nforeign 7\nthe program goes on\n", ["HF111"])
        result = run([program, *sides, "stale"], cwd=folder)
        check_run("a stale band of the copy loaded second works late and is HF101 (%s first)" % left, result, 0, "late 120\n", ["HF101"])

    libraries = [first, second]
    plain = same_as_plain("two copies by dlopen and dlsym", [loader, *libraries, "own"], folder)
    check("dlsym of two copies gives two different functions", "different 1" in plain.stdout, plain)
    result = run([loader, *libraries, "mixed"], cwd=folder)
    check_run("by dlsym: a band of one copy given to the other is HF111 and the program goes on", result, 0, plain.stdout, ["HF111"])

    (folder / "both.py").write_text(SCRIPT)
    same_as_plain("osgeo and a second libgdal through ctypes", [PYTHON, "both.py", second, "own"], folder)
    plain = run([PYTHON, "both.py", second, "own"], preload=False, cwd=folder)
    check_run("a dataset of osgeo given to the other libgdal is HF111 and the program goes on",
              run([PYTHON, "both.py", second, "mixed"], cwd=folder), 0, plain.stdout, ["HF111"])

def test_start_up(folder):
    """A copy that the program was linked to cannot go away. To have the linker keep it costs what dlopen costs, so it is asked only for what was loaded later."""
    (folder / "create.c").write_text(LINKED)
    linked = compile_c(folder / "create.c", folder / "create", *gdal_flags())
    loaded = [PYTHON, "-c", "from osgeo import ogr; ogr.Feature(ogr.FeatureDefn('made'))"]
    for name, argv, wanted in (("linked", [linked], False), ("loaded", loaded, True)):
        result = run(argv, env={"LD_DEBUG": "files"})
        asked = re.search(r"opening file=\S*/libgdal\.so\S* \[", result.stderr) is not None
        check("a copy that is %s: the linker is %s to keep it" % (name, "asked" if wanted else "not asked"), result.status == 0 and asked == wanted, result)


with workshop() as folder:
    if shutil.which("patchelf") is None or find_gdal() is None:
        skip("two copies of libgdal", "patchelf or libgdal is not installed")
        check("nothing to test here", True)
    else:
        os.chdir(folder)
        test(folder)
    if find_gdal() is not None:
        test_start_up(folder)
sys.exit(finish())
