"""What one call costs from Python: the same server as micro.c (its commands and answers), with calls by osgeo and by ctypes.

    micro.py MARKS          MARKS: path of libmarks.so

DEPTH counts Python frames below the loop.
"""
import ctypes
import ctypes.util
import sys
import threading
import time

from osgeo import gdal, ogr

MEMBERS = 1000  # new borrows in one section

gdal.UseExceptions()
marks = ctypes.CDLL(sys.argv[1])
libgdal, libgeos, libproj = (ctypes.CDLL(ctypes.util.find_library(name)) for name in ("gdal", "geos_c", "proj"))
libc = ctypes.CDLL(None)


def declare(library, name, result, *arguments):
    function = getattr(library, name)
    function.restype, function.argtypes = result, arguments
    return function


pointer, integer = ctypes.c_void_p, ctypes.c_int
field_as_integer = declare(libgdal, "OGR_F_GetFieldAsInteger", integer, pointer, integer)
geometry_of_feature = declare(libgdal, "OGR_F_GetGeometryRef", pointer, pointer)
create_geometry = declare(libgdal, "OGR_G_CreateGeometry", pointer, integer)
destroy_geometry = declare(libgdal, "OGR_G_DestroyGeometry", None, pointer)
geos_init = declare(libgeos, "GEOS_init_r", pointer)
geos_finish = declare(libgeos, "GEOS_finish_r", None, pointer)
geos_empty = declare(libgeos, "GEOSGeom_createEmptyPoint_r", pointer, pointer)
geos_destroy = declare(libgeos, "GEOSGeom_destroy_r", None, pointer, pointer)
geos_clone = declare(libgeos, "GEOSGeom_clone_r", pointer, pointer, pointer)
geos_part = declare(libgeos, "GEOSGetGeometryN_r", pointer, pointer, pointer, integer)
geos_collection = declare(libgeos, "GEOSGeom_createCollection_r", pointer, pointer, integer, pointer, ctypes.c_uint)
proj_context = declare(libproj, "proj_context_create", pointer)
proj_context_destroy = declare(libproj, "proj_context_destroy", pointer, pointer)
proj_create = declare(libproj, "proj_create", pointer, pointer, ctypes.c_char_p)
proj_destroy = declare(libproj, "proj_destroy", pointer, pointer)
malloc = declare(libc, "malloc", pointer, ctypes.c_size_t)
free = declare(libc, "free", None, pointer)


class Work:
    """What one thread works on."""

    def __init__(self):
        self.measured = False
        self.wall_ns = self.cpu_ns = 0
        self.dataset = gdal.GetDriverByName("MEM").Create("", 1, 1)
        self.dataset.SetMetadataItem("KEY", "value")
        self.definition = ogr.FeatureDefn("layer")
        self.definition.AddFieldDefn(ogr.FieldDefn("number", ogr.OFTInteger))
        self.definition.AddFieldDefn(ogr.FieldDefn("name", ogr.OFTString))
        self.feature = ogr.Feature(self.definition)
        self.feature.SetField(0, 42)
        self.feature.SetField(1, "name")
        point = ogr.CreateGeometryFromWkt("POINT (1 2)")
        self.feature.SetGeometry(point)
        self.geometries = ogr.Geometry(ogr.wkbMultiPoint)
        for _ in range(MEMBERS):
            self.geometries.AddGeometry(point)
        self.geos = geos_init()
        self.geos_points = geos_collection(self.geos, 4, (pointer * MEMBERS)(*(geos_empty(self.geos) for _ in range(MEMBERS))), MEMBERS)
        self.proj = proj_context()
        self.feature_handle = int(self.feature.this)  # of osgeo's proxy, for ctypes

    def clear(self):
        geos_destroy(self.geos, self.geos_points)
        geos_finish(self.geos)
        proj_context_destroy(self.proj)

    def begin(self):
        if self.measured:
            self.wall_start, self.cpu_start = time.perf_counter_ns(), time.thread_time_ns()
            marks.marks_toggle()

    def end(self):
        if self.measured:
            marks.marks_toggle()
            self.cpu_ns += time.thread_time_ns() - self.cpu_start
            self.wall_ns += time.perf_counter_ns() - self.wall_start


# ---- the cases: name, unit of calls, function of work and calls ----------------------------------------------------------------------

tasks = {}


def task(unit, calls):
    def take(function):
        tasks[function.__name__] = (unit, calls, function)
        return function
    return take


def loop(name, calls, prepare):
    """A case that is one call: `prepare(work)` gives the function that makes it."""
    def run(work, count):
        call = prepare(work)
        work.begin()
        for _ in range(count):
            call()
        work.end()
    tasks[name] = (1, calls, run)


loop("nothing", "a Python function that does nothing", lambda work: lambda: None)
loop("osgeo_use_integer", "feature.GetFieldAsInteger(0)", lambda work: lambda: work.feature.GetFieldAsInteger(0))
loop("osgeo_use_raster", "dataset.RasterXSize", lambda work: lambda: work.dataset.RasterXSize)
loop("osgeo_string_field", "feature.GetFieldAsString(1)", lambda work: lambda: work.feature.GetFieldAsString(1))
loop("osgeo_string_metadata", "dataset.GetMetadataItem('KEY')", lambda work: lambda: work.dataset.GetMetadataItem("KEY"))
loop("osgeo_borrow_geometry", "feature.GetGeometryRef(), known", lambda work: lambda: work.feature.GetGeometryRef())
loop("osgeo_borrow_band", "dataset.GetRasterBand(1), known", lambda work: lambda: work.dataset.GetRasterBand(1))
loop("osgeo_pair_geometry", "ogr.Geometry(ogr.wkbPoint)", lambda work: lambda: ogr.Geometry(ogr.wkbPoint))
loop("osgeo_pair_feature", "ogr.Feature(definition)", lambda work: lambda: ogr.Feature(work.definition))
loop("ctypes_use_integer", "OGR_F_GetFieldAsInteger", lambda work: lambda: field_as_integer(work.feature_handle, 0))
loop("ctypes_borrow_geometry", "OGR_F_GetGeometryRef, known", lambda work: lambda: geometry_of_feature(work.feature_handle))
loop("ctypes_pair_geometry", "OGR_G_CreateGeometry, OGR_G_DestroyGeometry", lambda work: lambda: destroy_geometry(create_geometry(1)))
loop("ctypes_pair_geos_empty", "GEOSGeom_createEmptyPoint_r, GEOSGeom_destroy_r", lambda work: lambda: geos_destroy(work.geos, geos_empty(work.geos)))
loop("ctypes_pair_proj", "proj_create, proj_destroy", lambda work: lambda: proj_destroy(proj_create(work.proj, b"+proj=affine +xoff=1")))
loop("ctypes_free_stranger", "malloc, free", lambda work: lambda: free(malloc(64)))


@task(1, "feature.Clone(), its GetGeometryRef(), both dropped")
def osgeo_round_feature(work, calls):
    work.begin()
    for _ in range(calls):
        feature = work.feature.Clone()
        geometry = feature.GetGeometryRef()
        del geometry, feature
    work.end()


@task(MEMBERS, "geometry.GetGeometryRef(number), new")
def osgeo_new_borrow_geometry(work, calls):
    for _ in range(0, calls, MEMBERS):
        fresh = work.geometries.Clone()
        work.begin()
        for number in range(MEMBERS):
            fresh.GetGeometryRef(number)
        work.end()
        del fresh


@task(MEMBERS, "GEOSGetGeometryN_r, new")
def ctypes_new_borrow_geos(work, calls):
    for _ in range(0, calls, MEMBERS):
        fresh = geos_clone(work.geos, work.geos_points)
        work.begin()
        for number in range(MEMBERS):
            geos_part(work.geos, fresh, number)
        work.end()
        geos_destroy(work.geos, fresh)


# ---- commands ----------------------------------------------------------------------------------------------------------------------


def descend(depth, function):
    return descend(depth - 1, function) if depth > 0 else function()


def run_task(name, depth, count, calls):
    """What `count` threads worked on, the main thread if it is 0: callgrind clears and writes the counts of the thread that asks."""
    unit, _, function = tasks[name]
    ready = threading.Barrier(count or 1)
    works = []

    def measure():
        work = Work()
        function(work, (calls // 10 // unit + 1) * unit)
        ready.wait()
        work.measured = True
        function(work, calls)
        work.clear()
        works.append(work)

    if count == 0:
        descend(depth, measure)
        return works
    threads = [threading.Thread(target=descend, args=(depth, measure)) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if len(works) != count:
        sys.exit("a thread failed")
    return works


def main():
    for line in sys.stdin:
        command, *words = line.split()
        if command == "list":
            for name, (unit, calls, _) in tasks.items():
                print(name, unit, calls)
            print()
        elif command == "time":
            works = run_task(words[0], *map(int, words[1:]))
            print(max(work.wall_ns for work in works), max(work.cpu_ns for work in works))
        elif command == "count":
            marks.marks_clear()
            run_task(words[0], int(words[1]), 0, int(words[2]))
            marks.marks_write(words[3].encode())
            print("done")
        else:
            sys.exit("not understood: " + line)
        sys.stdout.flush()


main()
