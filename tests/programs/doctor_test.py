"""holdfast doctor: what it says of programs, processes, files, wheels and directories whose truth is known, because they were made here, or because nm and readelf say the same.

usage: doctor_test.py BUILD_DIRECTORY
"""
import json
import os
import pathlib
import random
import resource
import shutil
import sqlite3
import subprocess
import sys
import zipfile

from support import (COMMAND, LIBRARY, PYTHON, check, check_equal, compile_c, contents, copy_of_gdal, environment, find_gdal, finish, gdal_flags, run, skip, workshop)

USER = r"""
#include <cpl_vsi.h>
#include <gdal.h>
#include <ogr_api.h>
#include <stdio.h>
#include <unistd.h>
void *kept = (void *)OGR_F_Destroy; /* its address, in data */
int main(int count, char **arguments)
{
    GDALAllRegister();
    void *dataset = GDALOpen("", GA_ReadOnly);
    if (count > 9)
        VSIFPrintfL(dataset, "%d", CPLGetLastErrorNo());
    if (dataset)
        GDALClose(dataset);
    puts("ready");
    fflush(stdout);
    if (count > 1)
        getchar();
    return 0;
}
"""

LOOKS_UP = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
int main(int count, char **arguments)
{
    void *library = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
    const char *names[] = {"GDALAllRegister", "GDALOpen", "GDALClose", "no_such_function"};
    for (int index = 0; index < 3 && library != NULL; index++)
        for (int again = 0; again < 3; again++)
            if (count < 3 || index != 1)
                printf("%d\n", dlsym(library, names[index]) != NULL);
    return library == NULL;
}
"""


def doctor(*arguments, env=None, cwd=None):
    """The document, and the result with `findings`: {name: [what, ...]}."""
    result = run([COMMAND, "doctor", "--format", "json", *arguments], preload=False, env=env, cwd=cwd)
    try:
        document = json.loads(result.stdout)
    except ValueError:
        document = {"groups": [], "findings": [], "remarks": []}
    result.findings = {}
    for finding in document["findings"]:
        result.findings.setdefault(finding["name"], []).append(finding["what"])
    return document, result


def caller(document, name):
    """What is said of the object of this file name."""
    for group in document["groups"]:
        for item in group["callers"]:
            if os.path.basename(item["path"]) == name:
                return item
    return {}


def copies(document, library):
    return [(copy["version"], copy["path"], copy["build_id"], copy["presence"]) for group in document["groups"] for copy in group["copies"] if copy["library"] == library]


def build_id(path):
    words = subprocess.run(["readelf", "-n", path], capture_output=True, text=True, check=True).stdout.split()
    return words[words.index("Build") + 2]


def contracts():
    done = subprocess.run([COMMAND, "contracts", "--format", "tsv"], capture_output=True, text=True, check=True)
    return {line.split("\t")[0] for line in done.stdout.splitlines()[1:]}


def undefined(path):
    done = subprocess.run(["nm", "-D", "--undefined-only", path], capture_output=True, text=True, check=True)
    return {line.split()[-1].split("@")[0] for line in done.stdout.splitlines()}


def has(result, name, *parts):
    return any(all(str(part) in what for part in parts) for what in result.findings.get(name, []))


def cc(source, target, *flags):
    subprocess.run(["cc", "-o", target, source, *[str(flag) for flag in flags]], check=True)
    return target


# ---- files ------------------------------------------------------------------------------------------------------------

def test_user(folder):
    user = compile_c(USER, folder / "user", *gdal_flags())
    document, result = doctor(user)
    gdal = find_gdal()
    version = subprocess.run(["pkg-config", "--modversion", "gdal"], capture_output=True, text=True).stdout.strip()
    check_equal("a program: its copy of GDAL, with version, path and build-id", [(version, str(gdal), build_id(gdal), "exported")], copies(document, "gdal"))
    for library in ("geos", "proj"):
        modversion = subprocess.run(["pkg-config", "--modversion", library], capture_output=True, text=True).stdout.strip()
        if modversion:
            check_equal("a program: the version of its copy of %s" % library, [modversion], [copy[0] for copy in copies(document, library)])
    found = caller(document, "user")
    called = undefined(user)
    check_equal("the functions with a contract are those that nm names", sorted(called & contracts()), sorted(found["seen_functions"]))
    check_equal("what cannot be wrapped", ["VSIFPrintfL"], found["left_out_functions"])
    check_equal("what has no handle", ["CPLGetLastErrorNo", "GDALAllRegister"], found["no_handle_functions"])
    check_equal("by PLT: two; by address: OGR_F_Destroy", (2, 1), (found["plt"], found["address"]))
    check_equal("in percent of those with handles", 75.0, found["percent"])
    check("nothing but notes: status 0", result.status == 0, result)
    text = run([COMMAND, "doctor", "--verbose", user], preload=False).stdout
    check("the text names what is not seen", "not seen, cannot be wrapped: VSIFPrintfL" in text and str(gdal) in text and "75.0 %" in text, text)
    return user


def test_cxx(folder):
    if shutil.which("g++") is None:
        return skip("C++ functions", "there is no C++ compiler")
    source = folder / "classes.cc"
    source.write_text("#include <ogr_geometry.h>\nint main() { OGRPoint point(1, 2); return point.getX() > 1 || OGRGeometryFactory::haveGEOS() > 1; }\n")
    program = folder / "classes"
    subprocess.run(["g++", "-O1", "-o", program, source, *gdal_flags()], check=True)
    document, result = doctor(program)
    found = caller(document, "classes")
    check("C++ functions of GDAL are counted as not seen", found["cxx"] >= 2 and any("haveGEOS" in name for name in found["cxx_functions"]) and found["percent"] < 100, found)
    exported = {line.split()[-1].split("@")[0] for line in subprocess.run(["nm", "-D", "--defined-only", find_gdal()], capture_output=True, text=True).stdout.splitlines()}
    check("... none that GDAL does not have", set(found["cxx_functions"]) <= exported, found)
    check("... which is a finding, status 1", result.status == 1 and has(result, "cxx-calls", program), result)


def test_looked_up(folder):
    program = compile_c(LOOKS_UP, folder / "looks_up", "-ldl")
    document, result = doctor(program)
    check("names of functions in an object that calls dlsym", has(result, "by-name", program, "names of 3 functions") or has(result, "by-name", program, "names of 2 functions"), result)
    document, result = doctor("--", program, find_gdal())
    found = caller(document, "looks_up")
    check_equal("a run tells which functions were looked up", sorted({"GDALAllRegister", "GDALOpen", "GDALClose"} & contracts()), sorted(found.get("seen_functions", [])))
    check_equal("... by dlsym, each once", len(found.get("seen_functions", [])), found.get("dlsym"))
    check("... and the copy that was loaded by dlopen", [copy[1] for copy in copies(document, "gdal")] == [str(find_gdal())], document)
    document, result = doctor("--", program, find_gdal(), "not all")
    check("... not those that were not", "GDALOpen" not in caller(document, "looks_up").get("seen_functions", ["GDALOpen"]), document)


def test_static(folder):
    static = cc(write(folder / "static.c", "int main(void) { return 0; }\n"), folder / "static", "-static")
    document, result = doctor(static)
    check("a static program", result.status == 1 and has(result, "static-program", static) and document["groups"][0]["blind"], result)
    inside = write(folder / "inside.c", "__attribute__((visibility(\"hidden\"))) void *proj_context_create(void) { return 0; }\nint main(void) { return proj_context_create() != 0; }\n")
    program = cc(inside, folder / "inside", "-fvisibility=hidden")
    document, result = doctor(program)
    check("a library that is linked into a program, by its symbol table", result.status == 1 and has(result, "static-library", "proj", program), result)
    exporting = cc(write(folder / "exporting.c", "void *proj_context_create(void) { return 0; }\nint main(void) { return proj_context_create() != 0; }\n"), folder / "exporting", "-rdynamic")
    document, result = doctor(exporting)
    check("... which does not help when the program exports it", has(result, "static-library", "proj", exporting), result)
    if shutil.which("g++") is not None:
        source = write(folder / "classes_inside.cc", "namespace osgeo { namespace proj { namespace crs { struct CRS { virtual ~CRS(); }; CRS::~CRS() {} } } }\nint main() { osgeo::proj::crs::CRS crs; return 0; }\n")
        stripped = folder / "stripped"
        subprocess.run(["g++", "-s", "-o", stripped, source], check=True)
        document, result = doctor(stripped)
        check("... by the names of its classes where it is stripped", has(result, "static-library", "proj", stripped), result)
    document, result = doctor(cc(write(folder / "plain.c", "int main(void) { return 0; }\n"), folder / "plain"))
    check("a program without any of it is told as that, status 0", result.status == 0 and list(result.findings) == ["nothing-found"], result)


def write(path, text):
    path.write_text(text)
    return path


def test_unreachable(folder, user):
    for name, mode in (("setuid", 0o4755), ("setgid", 0o2755)):
        copy = folder / name
        shutil.copy(user, copy)
        copy.chmod(mode)
        document, result = doctor(copy)
        check("a %s program" % name, result.status == 1 and has(result, "privileged-program", copy) and caller(document, name).get("seen") == 0, result)
    capable = folder / "capable"
    shutil.copy(user, capable)
    try:
        os.setxattr(capable, "security.capability", bytes.fromhex("0000000200200000000000000000000000000000"))
        document, result = doctor(capable)
        check("a program with file capabilities", has(result, "privileged-program", capable), result)
    except OSError as error:
        skip("a program with file capabilities", error)
    foreign = folder / "foreign"
    data = bytearray(pathlib.Path(user).read_bytes())
    data[18:20] = (243).to_bytes(2, "little")
    foreign.write_bytes(data)
    document, result = doctor(foreign)
    check("a program of another processor", result.status == 1 and has(result, "other-architecture", foreign, "RISC-V"), result)
    if shutil.which("patchelf"):
        musl = folder / "musl"
        shutil.copy(user, musl)
        subprocess.run(["patchelf", "--set-interpreter", "/lib/ld-musl-x86_64.so.1", musl], check=True)
        document, result = doctor(musl)
        check("a program of musl", result.status == 1 and has(result, "foreign-loader", musl, "ld-musl"), result)


# ---- packages ---------------------------------------------------------------------------------------------------------

def make_package(folder, runpath="--force-rpath"):
    """pkg/ext.so needs pkg.libs/libone-x.so, which needs pkg.libs/libtwo-x.so and has no path of its own."""
    libs, package = folder / "pkg.libs", folder / "pkg"
    libs.mkdir(parents=True)
    package.mkdir()
    cc(write(folder / "two.c", "int two(void) { return 2; }\n"), libs / "libtwo-x.so", "-shared", "-fPIC", "-Wl,-soname,libtwo-x.so")
    cc(write(folder / "one.c", "int two(void);\nvoid *GEOSversion(void) { return 0; }\nvoid *GEOSGeom_createEmptyPoint_r(void *context) { return context; }\nint one(void) { return two(); }\n"), libs / "libone-x.so", "-shared", "-fPIC", "-Wl,-soname,libone-x.so", libs / "libtwo-x.so")
    cc(write(folder / "ext.c", "int one(void);\nvoid *GEOSGeom_createEmptyPoint_r(void *);\nint ext(void) { return one() + (GEOSGeom_createEmptyPoint_r(0) != 0); }\n"), package / "ext.so", "-shared", "-fPIC", libs / "libone-x.so")
    subprocess.run(["patchelf", "--remove-rpath", libs / "libone-x.so"], check=True)
    subprocess.run(["patchelf", *([runpath] if runpath else []), "--set-rpath", "$ORIGIN/../pkg.libs", package / "ext.so"], check=True)
    for source in folder.glob("*.c"):
        source.unlink()
    return package / "ext.so"


def pack(folder, wheel):
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(folder))
    return wheel


def test_packages(folder):
    if shutil.which("patchelf") is None:
        return skip("packages with libraries of their own", "patchelf is not installed")
    good, inherited, lost = folder / "good", folder / "inherited", folder / "lost"
    make_package(good)
    for target, name in ((good, "a directory"), (pack(good, folder / "good.whl"), "a wheel")):
        document, result = doctor(target)
        check("%s whose RPATH leads to its libraries" % name, "unresolved-library" not in result.findings and caller(document, "ext.so").get("seen_functions") == ["GEOSGeom_createEmptyPoint_r"], result)
    extension = make_package(inherited, runpath=None)
    for target, name in ((inherited, "a directory"), (pack(inherited, folder / "inherited.whl"), "a wheel")):
        document, result = doctor(target)
        check("%s: a RUNPATH is not inherited" % name, result.status == 1 and has(result, "unresolved-library", "libone-x.so needs libtwo-x.so") and not has(result, "unresolved-library", "ext.so needs"), result)
    document, result = doctor(extension)
    check("... which the file alone tells, too", has(result, "unresolved-library", "libone-x.so needs libtwo-x.so"), result)
    loads = compile_c('#include <dlfcn.h>\nint main(int n, char **a) { (void)n; return dlopen(a[1], RTLD_NOW) == 0; }\n', folder / "loads", "-ldl")
    check_equal("... and the dynamic linker says the same of both", (0, 1), tuple(run([loads, path], preload=False).status for path in (good / "pkg" / "ext.so", extension)))
    extension = make_package(lost)
    subprocess.run(["patchelf", "--remove-rpath", extension], check=True)
    document, result = doctor(lost)
    check("a directory whose extension lost its path", has(result, "unresolved-library", "ext.so needs libone-x.so", "none"), result)
    document, result = doctor(pack(lost, folder / "lost.whl"))
    check("a wheel whose extension lost its path", has(result, "unresolved-library", "ext.so needs libone-x.so", "which the wheel brings along"), result)
    for path in (lost / "pkg.libs").iterdir():
        path.unlink()
    document, result = doctor(pack(lost, folder / "empty.whl"))
    check("a wheel without its libraries", has(result, "unresolved-library", "ext.so needs libone-x.so", "neither in the wheel nor on this machine"), result)


def test_mixed(folder, user):
    second = copy_of_gdal(folder)
    if second is None:
        return skip("two copies", "patchelf is not installed")
    program = compile_c('#include <dlfcn.h>\nint main(int n, char **a) { for (int i = 1; i < n; i++) if (!dlopen(a[i], RTLD_NOW)) return 1; return 0; }\n', folder / "two_copies", "-ldl")
    document, result = doctor("--", program, find_gdal(), second)
    check("two copies of GDAL in one process", result.status == 1 and has(result, "mixed-copies", "2 copies of gdal in one process", find_gdal(), second), result)
    document, result = doctor("--", program, find_gdal())
    check("one copy is none too many", "mixed-copies" not in result.findings, result)
    second.unlink()


def make_database(path, version):
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE metadata(key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID")
    connection.executemany("INSERT INTO metadata VALUES (?, ?)", [("DATABASE.LAYOUT.VERSION.MAJOR", "1"), ("EPSG.VERSION", "v10"), ("PROJ.VERSION", version)])
    connection.commit()
    connection.close()


def test_data(folder, user):
    other = folder / "proj_data"
    other.mkdir()
    make_database(other / "proj.db", "99.1.0")
    document, result = doctor(user, env={"PROJ_DATA": str(other)})
    check("PROJ_DATA names the database of another version", result.status == 1 and has(result, "other-database", other, "99.1.0"), result)
    version = copies(document, "proj")[0][0]
    (other / "proj.db").unlink()
    make_database(other / "proj.db", version)
    document, result = doctor(user, env={"PROJ_LIB": str(other)})
    check("... or of its own", "other-database" not in result.findings, result)
    (other / "proj.db").unlink()
    document, result = doctor(user, env={"PROJ_LIB": str(other)})
    check("... or none", has(result, "other-database", "there is no proj.db"), result)
    document, result = doctor(user, env={"GDAL_DATA": str(folder / "nowhere")})
    check("GDAL_DATA names what is not there", result.status == 1 and has(result, "other-data", "nowhere"), result)
    vendored = folder / "site-packages" / "package" / "gdal_data"
    vendored.mkdir(parents=True)
    document, result = doctor(user, env={"GDAL_DATA": str(vendored)})
    check("GDAL_DATA names that of another copy", has(result, "other-data", vendored, find_gdal()), result)


def test_numpy(folder):
    found = sorted(pathlib.Path("/usr/lib/python3/dist-packages/osgeo").glob("_gdal_array*.so"))
    if not found:
        return skip("NumPy's binary interface", "python3-gdal is not installed")
    packages = folder / "numpy" / "site-packages"
    (packages / "osgeo").mkdir(parents=True)
    shutil.copy(found[0], packages / "osgeo")
    is_old = b"numpy._core._multiarray_umath" not in found[0].read_bytes()
    for version, fits in (("2.1.0", not is_old), ("1.26.4", True)):
        info = packages / ("numpy-%s.dist-info" % version)
        info.mkdir()
        for target in (packages, packages / "osgeo" / found[0].name):
            document, result = doctor(target)
            check("bindings for NumPy %d, NumPy %s is installed: %s" % (1 if is_old else 2, version, target.name), has(result, "numpy-abi", "_gdal_array", version) != fits, result)
        info.rmdir()


def test_wheels(folder):
    inside = folder / "wheels"
    inside.mkdir()
    place = folder / "place"
    place.mkdir()
    library = inside / "ext.so"
    cc(write(folder / "ext.c", "void *GDALOpen(const char *, int);\nvoid *ext(void) { return GDALOpen(\"x\", 0); }\n"), library, "-shared", "-fPIC")

    def wheel(name, members):
        path = folder / name
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for member, content in members:
                archive.writestr(member, content)
        return path

    before = contents(place), set(os.listdir("/tmp"))
    object_bytes = library.read_bytes()
    document, result = doctor(wheel("out.whl", [("../../escaped.so", object_bytes), ("/absolute.so", object_bytes), ("pkg/ext.so", object_bytes)]), cwd=place)
    check("names that lead out of a wheel", result.status == 1 and has(result, "hostile-archive", "../../escaped.so") and has(result, "hostile-archive", "/absolute.so"), result)
    check("... are not followed, the others are read", [item["path"] for group in document["groups"] for item in group["callers"]] == ["pkg/ext.so"], document)
    document, result = doctor(wheel("bomb.whl", [("pkg/zeros.so", bytes(300 << 20)), ("pkg/ext.so", object_bytes)]), cwd=place)
    check("a member that is a thousand times its size", result.status == 1 and has(result, "hostile-archive", "zeros.so") and caller(document, "ext.so"), result)
    document, result = doctor(wheel("windows.whl", [("pkg/ext.pyd", b"MZ")]), cwd=place)
    check("a wheel of another system", has(result, "other-architecture", "ext.pyd"), result)
    good = wheel("good.whl", [("pkg/ext.so", object_bytes), ("pkg/more.so", object_bytes)])
    lying = bytearray(good.read_bytes())
    directory = lying.rindex(b"PK\1\2")
    lying[directory + 24:directory + 28] = (0x7fffffff).to_bytes(4, "little")
    (folder / "lying.whl").write_bytes(lying)
    document, result = doctor(folder / "lying.whl", cwd=place)
    check("a member that lies about its size", result.status == 1 and (result.findings.keys() & {"hostile-archive", "unreadable"}), result)
    for name, content in (("empty.whl", b""), ("cut.whl", good.read_bytes()[:-30]), ("garbage.whl", b"PK\3\4" + bytes(range(256)) * 10)):
        (folder / name).write_bytes(content)
        result = run([COMMAND, "doctor", folder / name], preload=False, cwd=place)
        check("a wheel that is none: %s" % name, result.status == 2 and name in result.stderr, result)
    generator, wrong = random.Random(3), []
    for number in range(80):
        changed = bytearray(good.read_bytes())
        for _ in range(generator.randrange(1, 12)):
            changed[generator.randrange(len(changed))] = generator.randrange(256)
        (folder / "changed.whl").write_bytes(changed)
        result = run([COMMAND, "doctor", folder / "changed.whl"], preload=False, cwd=place)
        if result.status not in (0, 1, 2):
            wrong.append("%d: %s" % (number, result.ending))
    check("damaged wheels", not wrong, wrong)
    check("nothing of all that was written", (contents(place), {name for name in set(os.listdir("/tmp")) - before[1] if "doctor" in name}) == (before[0], set()), os.listdir(place))


def test_damaged(folder, user):
    original, generator, wrong = pathlib.Path(user).read_bytes(), random.Random(11), []
    cases = [b"\x7fELF", b"\x7fELF\2\1\1" + bytes(60), original[:len(original) // 2], original[:900]]
    for number in range(120):
        changed = bytearray(original)
        for _ in range(generator.randrange(1, 20)):
            # headers and the tables at the end are what a reader stumbles over
            place = generator.choice([generator.randrange(64), generator.randrange(64, 1000), generator.randrange(len(changed)), len(changed) - 1 - generator.randrange(2500)])
            changed[place] = generator.randrange(256)
        cases.append(bytes(changed))
    wild = folder / "wild.so"
    for number, content in enumerate(cases):
        wild.write_bytes(content)
        result = run([COMMAND, "doctor", "--verbose", wild], preload=False)
        if result.status not in (0, 1, 2):
            wrong.append("%d: %s" % (number, result.ending))
    check("damaged objects", not wrong, wrong)
    wild.write_bytes(original[:len(original) // 2])
    document, result = doctor(wild)
    check("a cut one is told as that", result.status == 1 and has(result, "unreadable", wild, "cut off"), result)
    named = folder / "a\033[31m\nb"
    shutil.copy(user, named)
    text = run([COMMAND, "doctor", named], preload=False).stdout
    check("names cannot drive the terminal", "\\x1b" in text and "\033" not in text, text)


# ---- processes --------------------------------------------------------------------------------------------------------

class Waiting:
    """A program that has said it is ready, and goes when this is left."""

    def __init__(self, argv, preload, env=None):
        self.process = subprocess.Popen([str(word) for word in argv], env=environment({"log_path": "/dev/null"} if preload else None, preload, env), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True)
        self.process.stdout.readline()

    def __enter__(self):
        return str(self.process.pid)

    def __exit__(self, *error):
        self.process.communicate("\n")


DEEP = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
int main(int count, char **arguments)
{
    void *helper = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL | (atoi(arguments[2]) ? RTLD_DEEPBIND : 0));
    puts(helper ? "ready" : dlerror());
    fflush(stdout);
    getchar();
    return count < 0;
}
"""


def test_process(folder, user):
    with Waiting([user, "wait"], preload=True) as pid:
        document, result = doctor(pid)
        found = caller(document, "user")
        check("a process under Holdfast: its calls lead there", found.get("bound", {}).get("holdfast", 0) >= 2 and found["bound"]["past"] == 0, found)
        check("... its copy, and no other one", [copy[1] for copy in copies(document, "gdal")] == [str(find_gdal())] and "mixed-copies" not in result.findings and "not-watched" not in result.findings, result)
    with Waiting([user, "wait"], preload=False, env={"PROJ_LIB": "/nowhere"}) as pid:
        document, result = doctor(pid)
        check("a process without Holdfast", has(result, "not-watched", pid) and copies(document, "gdal"), result)
        check("... whose own environment counts", has(result, "other-database", "/nowhere"), result)
    helper = cc(write(folder / "helper.c", "void GDALClose(void *);\nvoid *GDALOpen(const char *, int);\nvoid helper(void) { GDALClose(GDALOpen(\"x\", 0)); }\n"), folder / "libhelper.so", "-shared", "-fPIC", *gdal_flags())
    deep = compile_c(DEEP, folder / "deep", "-ldl")
    for flag, past in ((1, 2), (0, 0)):
        with Waiting([deep, helper, flag], preload=True) as pid:
            document, result = doctor(pid)
            found = caller(document, "libhelper.so")
            check_equal("an object %s RTLD_DEEPBIND: calls that lead past Holdfast" % ("with" if flag else "without"), (past, bool(past)), (found.get("bound", {}).get("past"), has(result, "past-holdfast", helper)))
            check_equal("... are not seen", 2 - past, found.get("seen"))
    result = run([COMMAND, "doctor", "4194305"], preload=False)
    check("a process that is not there", result.status == 2 and "there is none with this number" in result.stderr, result)


def test_program(folder, user):
    result = run([COMMAND, "doctor", "--format", "json", "--", "sh", "-c", "echo shouted; %s; exit 7" % user], preload=False)
    document = json.loads(result.stdout)
    check("a program's output goes to standard error", "shouted" in result.stderr and "shouted" not in result.stdout, result)
    check("a program that a shell starts is looked at", [group["title"] for group in document["groups"]] == [str(user)], document)
    check("... and the status of the program is told", any("status 7" in remark for remark in document["remarks"]), document["remarks"])
    document, result = doctor("--", "sh", "-c", "kill -9 $$")
    check("a program that dies", any("signal 9" in remark for remark in document["remarks"]), document)
    document, result = doctor("--", folder / "static")
    check("a static program is run and told", result.status == 1 and {"static-program", "not-observed"} <= result.findings.keys(), result)
    result = run([COMMAND, "doctor", "--", "no-such-program"], preload=False)
    check("a program that is not there", result.status == 2 and "not found" in result.stderr, result)
    if os.path.exists("/usr/lib/python3/dist-packages/osgeo"):
        document, result = doctor("--", PYTHON, "-c", "from osgeo import ogr; import ctypes; ctypes.CDLL(%r).GDALClose" % str(find_gdal()))
        [extension] = [item for group in document["groups"] for item in group["callers"] if os.path.basename(item["path"]).startswith("_ogr.")] or [{}]
        check("osgeo: each function with a contract", sorted(undefined(extension["path"]) & contracts()) == sorted(extension["seen_functions"]) if extension else False, extension)
        check("ctypes: what it looked up", ["GDALClose"] in [item["seen_functions"] for group in document["groups"] for item in group["callers"] if item["dlsym"]], document)


def test_surroundings(folder, user):
    document, result = doctor("--", user, env={"LD_PRELOAD": "libjemalloc.so.2"})
    check("an allocator that is preloaded", has(result, "allocator", "libjemalloc.so.2"), result)
    document, result = doctor("--", user, env={"LD_PRELOAD": str(folder / "libother.so") + ":" + LIBRARY})
    check("another preload, but not Holdfast itself", has(result, "other-preload", "libother.so") and not has(result, "other-preload", "libholdfast"), result)
    document, result = doctor(user, env={"HOLDFAST_LIBRARY": str(user)[:-1]})
    check("libholdfast.so is not there", result.status == 1 and has(result, "no-library"), result)
    limited = subprocess.run([COMMAND, "doctor", "--format", "json", str(user)], capture_output=True, text=True, env=environment(preload=False),
                             preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (700 << 20, 700 << 20)))
    check("a limit of address space", "address-space" in limited.stdout and limited.returncode == 1, limited)


def test_usage(folder, user):
    for arguments, words in ((["--format", "xml", user], "xml"), (["--format"], "needs a value"), (["--wrong"], "--wrong"), (["--"], "which program"), ([folder / "nothing"], "No such file"),
                             ([__file__], "is no program")):
        result = run([COMMAND, "doctor", *arguments], preload=False)
        check("wrong: doctor %s" % " ".join(map(str, arguments)), result.status == 2 and words in result.stderr and "\nholdfast" not in result.stdout, result)
    document, result = doctor(user, folder / "plain")
    check("several at once", len(document["groups"]) == 2, document)
    document, result = doctor(env={"PATH": str(folder)})
    check("without arguments: the machine", document.get("target") == "this machine" and result.status in (0, 1), result)
    shutil.copy(user, folder / "gdalinfo")
    document, result = doctor(env={"PATH": str(folder)})
    check("... and the GDAL programs in PATH", [group["title"] for group in document["groups"]] == [str(folder / "gdalinfo")], document)


def main():
    with workshop() as folder:
        folder = folder.resolve()
        user = test_user(folder)
        test_cxx(folder)
        test_looked_up(folder)
        test_static(folder)
        test_unreachable(folder, user)
        test_packages(folder)
        test_mixed(folder, user)
        test_data(folder, user)
        test_numpy(folder)
        test_wheels(folder)
        test_damaged(folder, user)
        test_process(folder, user)
        test_program(folder, user)
        test_surroundings(folder, user)
        test_usage(folder, user)
    return finish()


sys.exit(main())
