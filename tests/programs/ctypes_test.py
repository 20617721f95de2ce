"""Users who link nothing: ctypes.CDLL and dlopen/dlsym. What they do wrong is seen through the pointers that dlsym gives them, and what
is missing is missing as without Holdfast.

usage: ctypes_test.py BUILD_DIRECTORY
"""
import sys

from support import check, check_equal, check_run, compile_c, finish, make_inputs, run, run_python, skip, workshop

HEAD = """
import ctypes, ctypes.util, sys
gdal = ctypes.CDLL("libgdal.so.32")
geos = ctypes.CDLL("libgeos_c.so.1")
proj = ctypes.CDLL("libproj.so.25")
pointer = ctypes.c_void_p
for library, names in ((gdal, "GDALOpen GDALGetRasterBand OGR_G_CreateGeometry OGR_F_Create OGR_FD_Create OGR_F_GetGeometryRef GDALOpenEx GDALDatasetGetLayer OSRNewSpatialReference"),
                       (geos, "GEOSGeomFromWKT_r GEOS_init_r GEOSGetGeometryN_r GEOSPrepare_r"), (proj, "proj_create proj_context_create")):
    for name in names.split():
        getattr(library, name).restype = pointer
gdal.GDALAllRegister()
"""

# name: program, stdout, reports. `use` of a stale borrowed handle works late; what was freed is refused with the failure value.
WRONG = {
    "a band after its dataset": ("""
ds = pointer(gdal.GDALOpen(b"rgb.tif", 0))
band = pointer(gdal.GDALGetRasterBand(ds, 2))
gdal.GDALClose(ds)
print(gdal.GDALGetRasterBandXSize(band))
""", "120\n", ["HF101"]),
    "a layer after its dataset": ("""
ds = pointer(gdal.GDALOpenEx(b"areas.shp", 4, None, None, None))
layer = pointer(gdal.GDALDatasetGetLayer(ds, 0))
gdal.GDALClose(ds)
print(gdal.OGR_L_GetFeatureCount(layer, 1))
""", "12\n", ["HF101"]),
    "a dataset used after its close": ("""
ds = pointer(gdal.GDALOpen(b"rgb.tif", 0))
gdal.GDALClose(ds)
print(gdal.GDALGetRasterXSize(ds))
""", "0\n", ["HF102"]),
    "a dataset closed twice": ("""
ds = pointer(gdal.GDALOpen(b"rgb.tif", 0))
gdal.GDALClose(ds)
gdal.GDALClose(ds)
print("end")
""", "end\n", ["HF103"]),
    "a geometry destroyed twice": ("""
geometry = pointer(gdal.OGR_G_CreateGeometry(1))
gdal.OGR_G_DestroyGeometry(geometry)
gdal.OGR_G_DestroyGeometry(geometry)
print("end")
""", "end\n", ["HF103"]),
    "a GEOS geometry destroyed twice": ("""
context = pointer(geos.GEOS_init_r())
geometry = pointer(geos.GEOSGeomFromWKT_r(context, b"POINT (1 2)"))
geos.GEOSGeom_destroy_r(context, geometry)
geos.GEOSGeom_destroy_r(context, geometry)
geos.GEOS_finish_r(context)
print("end")
""", "end\n", ["HF103"]),
    "a part of a GEOS geometry destroyed": ("""
context = pointer(geos.GEOS_init_r())
geometry = pointer(geos.GEOSGeomFromWKT_r(context, b"MULTIPOINT (1 2, 3 4)"))
part = pointer(geos.GEOSGetGeometryN_r(context, geometry, 1))
geos.GEOSGeom_destroy_r(context, part)
geos.GEOSGeom_destroy_r(context, geometry)
geos.GEOS_finish_r(context)
print("end")
""", "end\n", ["HF104"]),
    "a PJ destroyed twice": ("""
context = pointer(proj.proj_context_create())
crs = pointer(proj.proj_create(context, b"EPSG:4326"))
proj.proj_destroy(crs)
proj.proj_destroy(crs)
proj.proj_context_destroy(context)
print("end")
""", "end\n", ["HF103"]),
    "a PJ used after its context": ("""
context = pointer(proj.proj_context_create())
crs = pointer(proj.proj_create(context, b"EPSG:4326"))
proj.proj_context_destroy(context)
print(proj.proj_get_type(crs) > 0)
proj.proj_destroy(crs)
""", "True\n", ["HF106"]),
}

RIGHT = """
ds = pointer(gdal.GDALOpen(b"rgb.tif", 0))
band = pointer(gdal.GDALGetRasterBand(ds, 1))
print(gdal.GDALChecksumImage(band, 0, 0, 120, 90))
gdal.GDALClose(ds)
context = pointer(geos.GEOS_init_r())
geometry = pointer(geos.GEOSGeomFromWKT_r(context, b"MULTIPOINT (1 2, 3 4)"))
part = pointer(geos.GEOSGetGeometryN_r(context, geometry, 1))
print(geos.GEOSGeomTypeId_r(context, part), geos.GEOSisValid_r(context, geometry))
prepared = pointer(geos.GEOSPrepare_r(context, geometry))
geos.GEOSPreparedGeom_destroy_r(context, prepared)
geos.GEOSGeom_destroy_r(context, geometry)
geos.GEOS_finish_r(context)
own = pointer(proj.proj_context_create())
crs = pointer(proj.proj_create(own, b"EPSG:32633"))
print(proj.proj_get_type(crs))
proj.proj_destroy(crs)
proj.proj_context_destroy(own)
LOG = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_int, ctypes.c_char_p)
heard = []
handler = LOG(lambda kind, number, message: heard.append((kind, number, message)))
gdal.CPLPushErrorHandler(handler)
print(gdal.GDALOpen(b"missing.tif", 0))
gdal.CPLPopErrorHandler()
print(heard)
print(gdal.GDALGetDriverCount() == ctypes.CDLL("libgdal.so.32").GDALGetDriverCount(), ctypes.CDLL(None).getpid() > 0)
everything = ctypes.CDLL(None)
try:
    print(everything.GDALOpen is not None)
except AttributeError as error:
    print(str(error).split(": ", 1)[1])
"""

# What a library lacks: names that are nobody's, and names of the contracts that only newer versions have.
MISSING = """
for library, names in ((gdal, "NoSuchFunctionAtAll GDALDatasetAsMDArray GDALOpenBogus OGR_G_AddPointBogus proj_create_no_such GDALAlgorithmRegistryDummy GDALDestroyBogus"),
                       (geos, "GEOSHasZBogus GEOSHasZ GEOSHasM_r GEOSCoverageUnion_r_bogus GEOSConcaveHullByLength_r GEOSGeom_releaseCollection_r GEOSWKBWriter_bogus"),
                       (proj, "proj_bogus proj_geod_direct proj_trans_bounds_3D proj_context_clone_bogus proj_crs_has_point_motion_operation")):
    for name in names.split():
        try:
            getattr(library, name)
            print(name, "there")
        except AttributeError as error:
            print(name, error)
"""

LOADER = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
/* dlerror after every kind of look-up that fails, and what RTLD_DEFAULT and RTLD_NEXT see before and after a library is there. */
static void look(void *handle, const char *what, const char *name)
{
    dlerror();
    void *found = dlsym(handle, name);
    const char *error = dlerror();
    printf("%s %s: %s, %s\n", what, name, found ? "found" : "not found", error ? error : "no error");
}
int main(void)
{
    const char *names[] = {"GDALOpen", "GEOSGeom_destroy", "proj_create", "GEOSHasZ", "no_such_function", "free", "dlsym", "strlen", "holdfast_nothing", NULL};
    for (int round = 0; round < 3; round++)
    {
        void *gdal = round ? dlopen("libgdal.so.32", RTLD_NOW | (round == 2 ? RTLD_GLOBAL : RTLD_LOCAL)) : dlopen(NULL, RTLD_NOW);
        for (int i = 0; names[i]; i++)
        {
            look(gdal, "handle", names[i]);
            look(RTLD_DEFAULT, "default", names[i]);
            look(RTLD_NEXT, "next", names[i]);
        }
        if (round == 1)
            dlclose(gdal);
    }
    void *versioned = dlvsym(RTLD_DEFAULT, "memcpy", "GLIBC_2.14");
    printf("dlvsym %d\n", versioned != NULL);
    Dl_info info;
    void *libc = dlopen("libc.so.6", RTLD_NOW);
    printf("%d\n", dlsym(libc, "free") != NULL && dladdr(dlsym(libc, "free"), &info) && strstr(info.dli_fname, "libc") != NULL);
    return 0;
}
"""


def test_wrong(folder):
    for name, (program, out, reports) in WRONG.items():
        result = run_python(HEAD + program, cwd=folder)
        check_run("%s: found, and the program goes on" % name, result, 0, out, reports)
    result = run_python(HEAD + WRONG["a band after its dataset"][0], cwd=folder)
    check("the report of a band names the Python lines", all("program_" in line and ".py:" in line for line in result.stderr.splitlines()
                                                         if line.split("==   ")[-1].split(" ")[0] in ("used", "obtained", "freed")) and "band 2 of dataset 'rgb.tif'" in result.stderr, result.stderr)


def test_right(folder):
    plain = run_python(HEAD + RIGHT, preload=False, cwd=folder)
    check_equal("the program works without Holdfast", 0, plain.status)
    for mode in ("defer", "report", "reject"):
        check_run("right use of all three libraries: the same, mode %s" % mode, run_python(HEAD + RIGHT, options={"mode": mode}, cwd=folder), 0, plain.stdout, (), plain.stderr)


def test_missing(folder):
    plain = run_python(HEAD + MISSING, preload=False, cwd=folder)
    watched = run_python(HEAD + MISSING, cwd=folder)
    check_run("missing functions: the same answers through ctypes", watched, plain.status, plain.stdout, (), plain.stderr)
    check("among them are missing ones of all three libraries", all(name in plain.stdout for name in ("libgdal.so.32: undefined", "libgeos_c.so.1: undefined", "libproj.so.25: undefined")), plain)
    program = compile_c(LOADER, folder / "loader", "-ldl")
    plain, watched = run([program], preload=False, cwd=folder), run([program], cwd=folder)
    check_equal("dlopen and dlsym in C: the program ends alike", plain.ending, watched.ending)
    pairs = list(zip(plain.stdout.splitlines(), watched.stdout.splitlines()))
    for what, part in (("by a handle or RTLD_DEFAULT", ("handle", "default")), ("by RTLD_NEXT", ("next",))):
        wrong = ["expected %r, came %r" % pair for pair in pairs if pair[0].startswith(part) and pair[0].split(",")[0] != pair[1].split(",")[0]]
        check("names looked up %s are found or not as without Holdfast" % what, not wrong, "\n".join(wrong[:6]))
    # The object that the message names may be libholdfast.so, because that is where the search began; the reason is the same.
    wrong = ["expected %r, came %r" % pair for pair in pairs
             if pair[0].split(",")[0] == pair[1].split(",")[0] and pair[0].rsplit(": ", 2)[-2:] != pair[1].rsplit(": ", 2)[-2:]]
    check("dlerror gives the same reason as without Holdfast", not wrong, "\n".join(wrong[:6]))


with workshop() as folder:
    make_inputs(folder)
    if run_python(HEAD, preload=False, cwd=folder).status != 0:
        skip("ctypes", "this machine has other versions of the libraries")
        check("nothing to test here", True)
    else:
        test_wrong(folder)
        test_right(folder)
        test_missing(folder)
sys.exit(finish())
