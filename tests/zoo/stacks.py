"""The stacks of libraries that the zoo runs on: Debian's, and the newest that the wheels of the Python registry bring.

    debian     C and Python, the system's libraries: one copy of each
    rasterio   C, GDAL and GEOS out of the wheel of rasterio, PROJ out of that of pyproj. GDAL has a PROJ of its own beside it, whose
               functions are renamed (internal_proj_create), so that a program that calls PROJ brings a second copy
    fiona      C, the same of the wheel of fiona: an older GDAL, and a GEOS that is older than Debian's successors
    pyogrio    C, GDAL out of the wheel of pyogrio, GEOS out of that of shapely, PROJ out of that of pyproj. This GDAL is linked statically
               with a GEOS whose functions it exports: two copies, of which a program that links GDAL first gets the one inside GDAL
    wheels     Python, the packages out of their wheels: up to three copies of GDAL in one process, each where its package is imported
    together   the same, with all five packages imported before the program starts

The wheels lie in BUILD/wheels, a virtual environment that tools/setup --tests makes of tests/zoo/wheels.txt. The programs are those that were
compiled for Debian, unchanged: a folder of links gives the libraries of a wheel the names that the programs ask for.
"""
import json
import os
import pathlib
import subprocess

import harness

PACKAGES = ("osgeo", "rasterio", "fiona", "pyogrio", "shapely", "pyproj", "geopandas")
NAMES = ("debian", "rasterio", "fiona", "pyogrio", "wheels", "together")
SONAMES = ("libgdal.so.32", "libgeos_c.so.1", "libproj.so.25")
NEWEST_PROJ_DATA = "pyogrio"  # a PROJ reads the data of a newer one, not of an older

# Prints the versions of what is there: libraries under their sonames, packages by their metadata.
VERSIONS = """
import ctypes, importlib.metadata, json
found = {}
for library, soname, function, arguments in (("gdal", "libgdal.so.32", "GDALVersionInfo", [b"RELEASE_NAME"]), ("geos", "libgeos_c.so.1", "GEOSversion", [])):
    try:
        call = getattr(ctypes.CDLL(soname), function)
    except OSError:
        continue
    call.restype = ctypes.c_char_p
    found[library] = call(*arguments).decode()
try:
    class Info(ctypes.Structure):
        _fields_ = [("major", ctypes.c_int), ("minor", ctypes.c_int), ("patch", ctypes.c_int), ("release", ctypes.c_char_p),
                    ("version", ctypes.c_char_p), ("searchpath", ctypes.c_char_p), ("paths", ctypes.c_void_p), ("path_count", ctypes.c_size_t)]
    call = ctypes.CDLL("libproj.so.25").proj_info
    call.restype = Info
    found["proj"] = call().version.decode()
except OSError:
    pass
for package in ("rasterio", "fiona", "pyogrio", "shapely", "pyproj", "geopandas"):
    try:
        found[package] = importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        pass
print(json.dumps(found))
"""


class Missing(Exception):
    """The wheels are not there."""


class Stack:
    """name; python: the interpreter, None where only C programs run; environment: what programs get beside their own; versions: of libraries
    and packages, as tuples; languages."""

    def __init__(self, name, languages, python, environment):
        self.name, self.languages, self.python, self.environment = name, languages, python, environment
        done = subprocess.run([python or harness.PYTHON, "-c", VERSIONS], env=harness.clean_environment(environment), capture_output=True,
                              encoding="utf-8", check=True, timeout=60)
        self.versions = {what: version(text) for what, text in json.loads(done.stdout).items()}
        if name != "debian":  # the packages of a C stack, and the libraries of a Python one, are the system's: not what is tested
            own = PACKAGES if python else ("gdal", "geos", "proj")
            self.versions = {what: number for what, number in self.versions.items() if what in own}

    def __str__(self):
        return "%s (%s)" % (self.name, ", ".join("%s %s" % (what, ".".join(map(str, number))) for what, number in sorted(self.versions.items())))


    def problems(self, programs):
        """That the programs compiled for Debian really get the libraries of this stack: the dynamic linker tells."""
        problems = []
        folder = self.environment.get("LD_LIBRARY_PATH", "").split(":")[0]
        for program in programs if folder else ():
            done = subprocess.run(["ldd", program], env=harness.clean_environment(self.environment), capture_output=True, encoding="utf-8", timeout=60)
            for line in done.stdout.splitlines():
                words = line.split()
                if words[0] in SONAMES and words[2:3] != [folder + "/" + words[0]]:
                    problems.append("%s gets %s" % (program, line.strip()))
            if done.returncode != 0:
                problems.append("%s: %s" % (program, done.stderr))
        return problems


def version(text):
    """`3.10.3` as numbers; what follows them (`3.11.2-CAPI-1.17.2`) does not count."""
    numbers = []
    for word in text.replace("-", ".").split("."):
        if not word.isdigit():
            break
        numbers.append(int(word))
    return tuple(numbers)


def only(folder, pattern):
    found = sorted(folder.glob(pattern))
    if len(found) != 1:
        raise Missing("%s has %d files %s, expected one" % (folder, len(found), pattern))
    return found[0]


def prepare(name, build, scratch):
    """The stack of that name. `scratch` is a folder that lives as long as the stack is used."""
    if name == "debian":
        return Stack(name, ("c", "py"), harness.PYTHON, {})
    venv = build / "wheels"
    if not (venv / "complete").exists():
        raise Missing("%s is not there: tools/setup --tests makes it, where a Python package registry can be reached" % venv)
    packages = only(venv, "lib/python3*/site-packages")
    if name in ("wheels", "together"):
        environment = {}
        if name == "together":
            (scratch / "sitecustomize.py").write_text("import rasterio, fiona, pyogrio, shapely, pyproj\n")
            environment["PYTHONPATH"] = str(scratch)
        return Stack(name, ("py",), str(venv / "bin" / "python"), environment)
    gdal = packages / (name + ".libs")
    geos = packages / ("shapely.libs" if name == "pyogrio" else name + ".libs")
    files = [only(gdal, "libgdal-*.so.*"), only(geos, "libgeos_c-*.so.*"), only(packages / "pyproj.libs", "libproj-*.so.*")]
    for soname, target in zip(SONAMES, files):
        os.symlink(target, scratch / soname)
    folders = [scratch] + sorted({target.parent for target in files})
    return Stack(name, ("c",), None, {"LD_LIBRARY_PATH": ":".join(map(str, folders)),
                                      "GDAL_DATA": str(packages / name / "gdal_data"),
                                      "PROJ_DATA": str(packages / NEWEST_PROJ_DATA / "proj_data")})
