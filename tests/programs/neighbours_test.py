"""Holdfast beside what else lives in a process: other preloads and allocators in both orders, sanitizers, valgrind, Python's own checks; hosts in C that load and unload
modules, or start programs; and set-user-ID programs, in which it must not be.

usage: neighbours_test.py BUILD_DIRECTORY
"""
import os
import pathlib
import shutil
import subprocess
import sys

from hosts_work import HOSTS, TWICE, check_work, work_variables
from support import LIBRARY, PYTHON, check, check_equal, check_run, compile_c, finish, gdal_flags, make_inputs, run, skip, workshop

LIBRARIES = pathlib.Path("/usr/lib/x86_64-linux-gnu")
ALLOCATORS = {"jemalloc": "libjemalloc.so.2", "tcmalloc": "libtcmalloc_minimal.so.4", "mimalloc": "libmimalloc.so.2*", "the C library's checks": "libc_malloc_debug.so.0"}


def check_python(name, folder, preload=None, python=(), env=None):
    """A right and a wrong program; preload: the whole of LD_PRELOAD with Holdfast, and without it what is left."""
    env = {**work_variables(folder), **(env or {})}
    preload = preload or LIBRARY
    program = [TWICE[0], *python, *TWICE[1:]]
    rest = ":".join(word for word in preload.split(":") if word != LIBRARY)
    alone = run([*program, "right"], preload=False, env={**env, **({"LD_PRELOAD": rest} if rest else {})})
    if not check("%s: answers without Holdfast" % name, alone.status == 0, alone):
        return
    env["LD_PRELOAD"] = preload
    check_work(name, alone, program, env=env)


def check_client(name, program, arguments, rest="", before=(), env=None):
    """The same for a program in C, whose last argument is right or wrong."""
    env = dict(env or {})
    alone = run([*before, program, *arguments, "right"], preload=False, env={**env, **({"LD_PRELOAD": rest} if rest else {})})
    if not check("%s: answers without Holdfast" % name, alone.status == 0, alone):
        return
    env["LD_PRELOAD"] = (rest + ":" if rest else "") + LIBRARY
    check_run("%s: a right program" % name, run([*before, program, *arguments, "right"], env=env), out=alone.stdout, err=alone.stderr)
    check_run("%s: a wrong program" % name, run([*before, program, *arguments, "wrong"], env=env), out=alone.stdout, reports=["HF101"])


# ---- other preloads -----------------------------------------------------------------------------------------------------

def installed(pattern):
    return next(iter(sorted(LIBRARIES.glob(pattern))), None)


def check_preloads(folder, client):
    for name, pattern in ALLOCATORS.items():
        other = installed(pattern)
        if other is None:
            skip(name, "%s is not installed" % pattern)
            continue
        for what, preload in (("before", "%s:%s" % (other, LIBRARY)), ("after", "%s:%s" % (LIBRARY, other))):
            check_python("%s %s Holdfast" % (name, what), folder, preload)
            check_python("%s %s Holdfast, PYTHONMALLOC=malloc" % (name, what), folder, preload, env={"PYTHONMALLOC": "malloc", "MALLOC_CHECK_": "3"})
            check_much_memory("%s %s Holdfast" % (name, what), folder, preload)
        check_client("%s, a program in C" % name, client, [folder / "rgb.tif"], str(other))
    check_faked_time(folder)
    check_vsipreload(folder)


def check_much_memory(name, folder, preload):
    """Handles by the thousand, whose addresses come again: an allocator that Holdfast misjudges would make new ones look dead."""
    program = [PYTHON, "-B", HOSTS / "many.py"]
    alone = run(program, preload=False)
    check("%s: thousands of handles without Holdfast" % name, alone.status == 0 and alone.stdout.startswith("[") and not alone.stderr, alone)
    check_run("%s: thousands of handles" % name, run(program, env={"LD_PRELOAD": preload}), out=alone.stdout, err="")


def check_faked_time(folder):
    other = installed("faketime/libfaketime.so.1")
    if other is None:
        return skip("libfaketime", "not installed")
    for what, preload in (("before", "%s:%s" % (other, LIBRARY)), ("after", "%s:%s" % (LIBRARY, other))):
        check_python("libfaketime %s Holdfast" % what, folder, preload, env={"FAKETIME": "@2001-02-03 04:05:06", "FAKETIME_DONT_FAKE_MONOTONIC": "1"})
        check_python("libfaketime %s Holdfast, time stands still" % what, folder, preload, env={"FAKETIME": "2001-02-03 04:05:06"})


def check_vsipreload(folder):
    """port/vsipreload.cpp of GDAL's sources, compiled: no package has it. It has open() of a path below /vsi answered by GDAL."""
    other = os.environ.get("HOLDFAST_TEST_VSIPRELOAD")
    if other is None:
        return skip("vsipreload.so", "Debian has none; HOLDFAST_TEST_VSIPRELOAD names one")
    with_zip = folder / "rgb.zip"
    shutil.make_archive(str(with_zip.with_suffix("")), "zip", folder, "rgb.tif")
    inside = "/vsizip/%s/rgb.tif" % with_zip
    for what, preload in (("before", "%s:%s" % (other, LIBRARY)), ("after", "%s:%s" % (LIBRARY, other))):
        check_python("vsipreload.so %s Holdfast" % what, folder, preload)
        result = run(["cat", inside], env={"LD_PRELOAD": preload}, stdout=subprocess.PIPE)
        alone = run(["cat", inside], preload=False, env={"LD_PRELOAD": other})
        check("vsipreload.so alone: cat out of an archive", alone.status == 0 and len(alone.stdout) > 1000, alone)
        check_run("vsipreload.so %s Holdfast: cat out of an archive" % what, result, out=alone.stdout, err=alone.stderr, status=alone.status)


# ---- checkers -----------------------------------------------------------------------------------------------------------

def check_python_modes(folder):
    check_python("PYTHONMALLOC=malloc", folder, env={"PYTHONMALLOC": "malloc"})
    check_python("PYTHONMALLOC=malloc_debug", folder, env={"PYTHONMALLOC": "malloc_debug"})
    check_python("PYTHONDEVMODE=1", folder, env={"PYTHONDEVMODE": "1"})
    check_python("-X dev", folder, python=["-X", "dev"])
    check_python("-X faulthandler", folder, python=["-X", "faulthandler"])
    check_python("MALLOC_PERTURB_", folder, env={"MALLOC_PERTURB_": "165"})
    check_python("MALLOC_ARENA_MAX=1", folder, env={"MALLOC_ARENA_MAX": "1"})


USE_OF_MEMORY = r"""
#include <gdal.h>
#include <stdlib.h>
int main(int count, char **arguments)
{
    GDALDatasetH dataset = (GDALAllRegister(), GDALOpen(arguments[1], GA_ReadOnly));
    GDALGetRasterBand(dataset, 1);
    GDALClose(dataset);
    char *volatile memory = malloc(10);
    free(memory);
    return memory[3] + count > 100000;
}
"""


def check_sanitizers(folder):
    """The program's own runtime must come first, or be part of it; and it finds what it found before."""
    for compiler, flags, rest in (("gcc, runtime in the program", ["-fsanitize=address", "-static-libasan"], ""), ("gcc", ["-fsanitize=address"], "libasan.so"),
                                  ("gcc, undefined behaviour", ["-fsanitize=undefined"], ""), ("gcc, leaks", ["-fsanitize=leak"], "liblsan.so")):
        if rest:
            rest = subprocess.run(["cc", "-print-file-name=" + rest], capture_output=True, text=True).stdout.strip()
            if not rest.startswith("/"):
                skip("sanitizer of " + compiler, "not installed")
                continue
        name = "sanitizer of " + compiler
        program = compile_c(HOSTS / "client.c", folder / "sanitized", *flags, *gdal_flags())
        check_client(name, program, [folder / "rgb.tif"], rest, env={"ASAN_OPTIONS": "detect_leaks=0"})
        if "-fsanitize=address" not in flags:
            continue
        program = compile_c(USE_OF_MEMORY, folder / "sanitized_use", *flags, *gdal_flags())
        found = run([program, folder / "rgb.tif"], env={"LD_PRELOAD": (rest + ":" if rest else "") + LIBRARY, "ASAN_OPTIONS": "detect_leaks=0"})
        check("%s: it finds a use after free, and blames who did it" % name,
              found.status == 1 and "heap-use-after-free" in found.stderr and "in main" in found.stderr.split("freed by")[1].split("previously")[0] and not found.reports, found)


def check_valgrind(folder, client):
    if shutil.which("valgrind") is None:
        return skip("valgrind", "not installed")
    check_client("valgrind", client, [folder / "rgb.tif"], before=["valgrind", "-q", "--error-exitcode=9", "--leak-check=full", "--errors-for-leak-kinds=definite"])
    python = {"PYTHONMALLOC": "malloc", **work_variables(folder)}
    alone = run(["valgrind", "-q", *TWICE, "right"], preload=False, env=python, timeout=600)
    with_it = run(["valgrind", "-q", *TWICE, "right", "wrong"], env=python, timeout=600)
    check_run("valgrind of Python: a wrong program", with_it, out=alone.stdout + alone.stdout.replace("right", "wrong"), reports=["HF101"])
    ours = [line for line in with_it.stderr.splitlines() if "libholdfast" in line and " at 0x" in line]
    check("valgrind of Python: nothing that Holdfast does itself", not ours, with_it.stderr)


# ---- hosts in C ---------------------------------------------------------------------------------------------------------

def check_c_hosts(folder, client):
    raster = folder / "rgb.tif"
    module = compile_c(HOSTS / "module.c", folder / "module.so", "-shared", "-fPIC", *gdal_flags())
    check_client("dlopen and dlclose of a module", compile_c(HOSTS / "module_host.c", folder / "module_host", "-ldl"), [module, raster])
    check_client("vfork, posix_spawn, system, exec", compile_c(HOSTS / "starter.c", folder / "starter", "-pthread", *gdal_flags()), [raster])
    check_set_user_id(folder, client)


def check_set_user_id(folder, client):
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        return skip("set-user-ID", "needs root, and setpriv")
    folder.chmod(0o755)
    raised = shutil.copy(client, folder / "raised")
    os.chmod(raised, 0o4755)
    as_nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    marks = {"LD_PRELOAD": LIBRARY, "HOLDFAST_OPTIONS": "log_path=%s/raised" % folder}
    usual = run([*as_nobody, client, folder / "rgb.tif", "untouched"], env={"LD_PRELOAD": LIBRARY})
    if not os.access(LIBRARY, os.R_OK) or "holdfast is here, effective user 65534" not in usual.stdout:
        return skip("set-user-ID", "another user cannot load %s from here: %s" % (LIBRARY, usual))
    result = run([*as_nobody, raised, folder / "rgb.tif", "untouched"], env=marks)
    if "effective user 0" not in result.stdout:
        return skip("set-user-ID", "the bit has no effect in %s" % folder)
    check("set-user-ID: the program runs, and without Holdfast", result.status == 0 and "width 120\nholdfast is not here, effective user 0\n" == result.stdout, result)
    check_equal("set-user-ID: it wrote nothing", [], [path.name for path in folder.glob("raised.*")])


def main():
    with workshop() as folder:
        make_inputs(folder)
        client = compile_c(HOSTS / "client.c", folder / "client", *gdal_flags(), "-ldl")
        check_c_hosts(folder, client)
        check_preloads(folder, client)
        check_python_modes(folder)
        check_sanitizers(folder)
        check_valgrind(folder, client)
    return finish()


if __name__ == "__main__":
    sys.exit(main())
