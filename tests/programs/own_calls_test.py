"""What a library calls of its own functions through the dynamic linker goes there at once (own_calls=1): the same results, no call that is counted,
tables read-only as before, and whoever stands before Holdfast still sees each call. On Debian's libraries, whose
tables are filled at the start, and on those of the wheels, whose are filled call by call.

usage: own_calls_test.py BUILD_DIRECTORY
"""
import json
import pathlib

from support import BUILD, PYTHON, check, check_equal, compile_c, finish, gdal_flags, run, skip, workshop

# proj_trans_generic calls proj_trans for each point.
POINTS = """
#include <proj.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static int points;
static void *work(void *unused)
{
    PJ_CONTEXT *context = proj_context_create();
    PJ *change = proj_create_crs_to_crs(context, "EPSG:4326", "EPSG:32633", NULL);
    double sum = 0;
    for (int i = 0; i < points; i++) {
        double x[3] = {45, 46, 47}, y[3] = {15, 16, i * 1e-3};
        proj_trans_generic(change, PJ_FWD, x, 8, 3, y, 8, 3, 0, 0, 0, 0, 0, 0);
        sum += x[0] + x[1] + y[2];
    }
    proj_destroy(change);
    proj_context_destroy(context);
    double *result = malloc(sizeof *result);
    *result = sum;
    return unused == NULL ? result : NULL;
}
int main(int count, char **arguments)
{
    points = atoi(arguments[1]);
    int workers = atoi(arguments[2]);
    pthread_t thread[8];
    for (int i = 0; i < workers; i++)
        pthread_create(&thread[i], NULL, work, NULL);
    for (int i = 0; i < workers; i++) {
        void *result;
        pthread_join(thread[i], &result);
        printf("%.6f\\n", *(double *)result);
        free(result);
    }
    FILE *maps = count > 3 ? fopen("/proc/self/maps", "r") : NULL;
    char line[1000];
    while (maps != NULL && fgets(line, sizeof line, maps) != NULL)
        if (strstr(line, "libproj.so") != NULL)
            printf("%.4s %s", strchr(line, ' ') + 1, strrchr(line, ' ') + 1);
    return 0;
}
"""
# CSLDestroy frees each string by VSIFree, whose address stands in a table that is also read for comparisons.
STRINGS = """
#include <cpl_conv.h>
#include <cpl_string.h>
#include <stdio.h>
int main(int count, char **arguments)
{
    for (int i = 0; i < atoi(arguments[1]); i++)
        CSLDestroy(CSLTokenizeString2("a b c d e f g h", " ", 0));
    CPLErrorHandler before = CPLSetErrorHandler(CPLQuietErrorHandler), quiet = CPLSetErrorHandler(before);
    printf("%d %d\\n", quiet == CPLQuietErrorHandler, before == CPLDefaultErrorHandler);
    return count == 0;
}
"""
EARLIER = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <proj.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
static long calls;
static int one(struct dl_phdr_info *info, size_t bytes, void *found)
{
    if (strstr(info->dlpi_name, "/libproj") != NULL)
        *(const char **)found = info->dlpi_name;
    return bytes == 0;
}
PJ_COORD proj_trans(PJ *change, PJ_DIRECTION direction, PJ_COORD point)
{
    static PJ_COORD (*real)(PJ *, PJ_DIRECTION, PJ_COORD);
    if (real == NULL) {
        const char *path = NULL;
        dl_iterate_phdr(one, &path);
        void *library = dlopen(path, RTLD_LAZY | RTLD_NOLOAD);
        *(void **)&real = dlsym(library, "proj_trans");
    }
    calls++;
    return real(change, direction, point);
}
__attribute__((destructor)) static void tell(void)
{
    FILE *out = getenv("EARLIER_OUT") != NULL && calls > 0 ? fopen(getenv("EARLIER_OUT"), "a") : NULL;
    if (out != NULL) {
        fprintf(out, "%ld\\n", calls);
        fclose(out);
    }
}
"""
WHEEL = """
import sys, numpy, pyproj
change = pyproj.Transformer.from_crs("EPSG:4326", "EPSG:32633")
n = int(sys.argv[1])
x, y = change.transform(numpy.full(n, 45.0), numpy.linspace(14, 15, n))
print("%.6f" % (x.sum() + y.sum()))
"""


def calls_counted(argv, **options):
    result = run(argv, options={"stats": 1, "log_format": "json", "leaks": "off", **options})
    lines = [json.loads(line) for line in result.stderr.splitlines() if '"type":"stats"' in line]
    check("%s ends well, with %s" % (pathlib.Path(argv[0]).name, options), result.status == 0 and len(lines) == 1, result)
    return lines[0]["counters"]["calls"] if lines else 0, result.stdout


def compare(name, argv_of, least):
    """Of 1,000 rounds more, `least` calls and more are counted unless the library's own calls go past Holdfast; then at most what the program makes itself."""
    wrapped = calls_counted(argv_of(2000), own_calls=0)[0] - calls_counted(argv_of(1000), own_calls=0)[0]
    direct = calls_counted(argv_of(2000))[0] - calls_counted(argv_of(1000))[0]
    check("%s: own calls come by with own_calls=0" % name, wrapped >= least, (wrapped, least))
    check("%s: and not without" % name, direct <= wrapped - least + 50, (direct, wrapped))
    bare, watched = run(argv_of(1000), preload=False).stdout, run(argv_of(1000)).stdout
    check("%s: same results" % name, bare == watched != "", (bare, watched))


with workshop() as folder:
    points = compile_c(POINTS, folder / "points", "-lproj", "-lpthread")
    strings = compile_c(STRINGS, folder / "strings", *gdal_flags())
    compare("libproj", lambda rounds: [points, rounds, 1], 3000)
    compare("libgdal's frees", lambda rounds: [strings, rounds], 8000)

    bare, watched = run([points, 1, 1, "maps"], preload=False).stdout, run([points, 1, 1, "maps"]).stdout
    check("the library's mappings are as writable as without Holdfast", bare == watched and "r--p" in bare, (bare, watched))

    answers = {run([points, 50, 8]).stdout for turn in range(20)}
    check_equal("eight threads that begin at once", {run([points, 50, 8], preload=False).stdout}, answers)

    earlier = compile_c(EARLIER, folder / "earlier.so", "-shared", "-fPIC", "-ldl")
    held = BUILD / "shim" / "libholdfast.so"
    wheel = BUILD / "wheels" / "bin" / "python"
    script = folder / "wheel.py"
    script.write_text(WHEEL)
    programs = [("libproj", [points, 100, 1])]
    if wheel.exists():
        compare("the wheel's libproj in Python, bound at once", lambda points: [wheel, script, points], 1000)
        programs.append(("the wheel's libproj in Python", [wheel, script, 100]))
        packages = next(wheel.parent.parent.glob("lib/python*/site-packages"))
        library = next((packages / "pyproj.libs").glob("libproj-*.so*"))
        lazy = compile_c(POINTS, folder / "lazy", library, "-lpthread", "-Wl,-z,lazy", "-Wl,--allow-shlib-undefined", "-Wl,--disable-new-dtags", "-Wl,-rpath,%s" % library.parent)
        lazily = ["env", "PROJ_DATA=%s" % (packages / "pyproj" / "proj_dir" / "share" / "proj"), lazy]
        compare("the wheel's libproj in C, bound call by call", lambda rounds: [*lazily, rounds, 1], 1000)
        programs.append(("the wheel's libproj in C", [*lazily, 100, 1]))
    else:
        skip("the wheel's libproj", "tools/setup --tests has not made %s" % wheel)
    for name, argv in programs:
        seen = []
        for preload in (earlier, "%s:%s" % (earlier, held)):
            out = folder / "seen"
            run(argv, preload=False, env={"LD_PRELOAD": str(preload), "EARLIER_OUT": str(out)})
            seen.append(out.read_text() if out.exists() else "")
            out.unlink(missing_ok=True)
        check("%s: who stands before Holdfast sees all calls" % name, seen[0] == seen[1] != "", seen)
finish()
