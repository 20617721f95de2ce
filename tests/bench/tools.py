"""What people use today to find such mistakes, and Holdfast: how a program is run under each of them, and what its words mean.

Every tool gets its best: stacks by unwinding where it can choose, so deep that they reach the program, and Python's memory from malloc().
"""
import dataclasses
import os
import re
import subprocess

import harness
import runs

ASAN = "verify_asan_link_order=0:fast_unwind_on_malloc=0:malloc_context_size=40"
PYTHON_MALLOC = {"PYTHONMALLOC": "malloc"}  # Python's own allocator would hide from a checker of malloc() what is freed


@dataclasses.dataclass
class Tool:
    """How a program is run under it, and what its words mean. `folder` is one for its files."""
    name: str
    languages: tuple = ("c", "py")
    needs: tuple = ()
    packages: tuple = ()        # of Debian, for --install
    compiled: bool = False      # C programs are compiled for it
    preload: str = ""
    holdfast: str = ""          # mode of Holdfast, if that is the tool

    def wrap(self, argv, folder):
        return argv

    def environment(self, language, folder):
        return {}

    def kinds(self, text):
        """What it diagnoses, each sort once."""
        return set()

    def crashed(self, text):
        """Whether its words say that the program died."""
        return False

    def frees(self, text):
        """Those of its words that tell where something was freed."""
        return ""


class Memcheck(Tool):
    def wrap(self, argv, folder):
        return ["valgrind", "--num-callers=40", "--leak-check=full", "--show-leak-kinds=definite", "--error-limit=no", "--log-file=%s/valgrind.%%p" % folder, *argv]

    def environment(self, language, folder):
        return PYTHON_MALLOC

    def kinds(self, text):
        found = set(re.findall(r"(Invalid (?:read|write|free)|Mismatched free|Jump to the invalid address|overlap in mem\w+)", text))
        found |= {"uninitialised"} if re.search(r"uninitialised (?:value|byte)", text) else set()
        return found | ({"leak"} if re.search(r"definitely lost in loss record", text) else set())

    def crashed(self, text):
        return "Process terminating with default action of signal" in text

    def frees(self, text):
        return "\n".join(re.findall(r" free'd\n((?:==\d+==    (?:at|by) .*\n)*)", text))


class Asan(Tool):
    def environment(self, language, folder):
        leaks = 1 if language == "c" else 0  # Python leaves thousands of blocks
        return {"ASAN_OPTIONS": "%s:detect_leaks=%d:log_path=%s/asan" % (ASAN, leaks, folder), **PYTHON_MALLOC}

    def kinds(self, text):
        found = set(re.findall(r"ERROR: AddressSanitizer: (attempting [\w-]+|[\w-]+)", text)) - {"SEGV", "ABRT"}
        return found | ({"leak"} if "ERROR: LeakSanitizer" in text else set())

    def crashed(self, text):
        return bool(re.search(r"ERROR: AddressSanitizer: (?:SEGV|ABRT)", text))

    def frees(self, text):
        return "\n".join(re.findall(r"^freed by thread.*\n((?:\s+#\d+ .*\n)*)", text, re.MULTILINE))


class Ltrace(Tool):
    def wrap(self, argv, folder):
        return ["ltrace", "-f", "-o", folder + "/ltrace", *argv]

    def crashed(self, text):
        return "+++ killed by SIG" in text


class Uftrace(Tool):
    def wrap(self, argv, folder):
        return ["uftrace", "record", "--force", "--no-pager", "-d", folder + "/uftrace", *argv]

    def crashed(self, text):
        return "terminated by signal" in text


class Heaptrack(Tool):
    def wrap(self, argv, folder):
        return ["heaptrack", "-o", folder + "/heaptrack", *argv]

    def crashed(self, text):
        return "Segmentation fault" in text or "Aborted" in text


class Memray(Tool):
    def wrap(self, argv, folder):
        return [self.needs[0], "run", "--native", "--quiet", "-f", "-o", folder + "/memray", *(word for word in argv[1:] if word != "-B")]


class Perturb(Tool):
    def environment(self, language, folder):
        return {"MALLOC_PERTURB_": "165", **PYTHON_MALLOC}


class Faulthandler(Tool):
    def environment(self, language, folder):
        return {"PYTHONFAULTHANDLER": "1"}


def library_of(name):
    """Where the compiler keeps a shared library; None if it does not know."""
    done = subprocess.run(["cc", "-print-file-name=" + name], capture_output=True, encoding="utf-8", check=False)
    path = done.stdout.strip()
    return os.path.realpath(path) if done.returncode == 0 and os.path.isabs(path) and os.path.exists(path) else None


def memray_of(bench):
    return str(bench.build / "memray" / "bin" / "memray")


NAMES = ("bare", "holdfast report", "holdfast defer", "memcheck", "asan preloaded", "asan client", "ltrace", "uftrace", "heaptrack", "memray", "MALLOC_PERTURB_",
         "faulthandler")


def tools_of(bench):
    asan, cxx = library_of("libasan.so"), library_of("libstdc++.so.6")
    return [
        Tool("bare"),
        Tool("holdfast report", holdfast="report"),
        Tool("holdfast defer", holdfast="defer"),
        Memcheck("memcheck", needs=("valgrind",), packages=("valgrind",)),
        # the C++ library beside it: it looks for __cxa_throw when it starts
        Asan("asan preloaded", needs=(asan or "libasan.so",), preload="%s:%s" % (asan, cxx)),
        Asan("asan client", ("c",), needs=("cc", asan or "libasan.so"), compiled=True),
        Ltrace("ltrace", needs=("ltrace",), packages=("ltrace",)),
        Uftrace("uftrace", needs=("uftrace",), packages=("uftrace",)),
        Heaptrack("heaptrack", needs=("heaptrack",), packages=("heaptrack",)),
        Memray("memray", ("py",), needs=(memray_of(bench),)),
        Perturb("MALLOC_PERTURB_"),
        Faulthandler("faulthandler", ("py",)),
    ]


def install(bench):
    """Debian's tools by apt, memray into BUILD/memray: it must see Debian's osgeo."""
    tools = tools_of(bench)
    packages = [package for tool in tools for package in tool.packages if not runs.has(tool.needs[0])]
    as_root = [] if os.geteuid() == 0 else ["sudo"]
    if packages:
        subprocess.run([*as_root, "apt-get", "install", "-y", "--no-install-recommends", *packages], check=False)
    if not runs.has(memray_of(bench)):
        venv = bench.build / "memray"
        subprocess.run([harness.PYTHON, "-m", "venv", "--system-site-packages", str(venv)], check=False)
        subprocess.run([str(venv / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check", "memray"], check=False)


def present(bench):
    found = []
    for tool in tools_of(bench):
        missing = [needed for needed in tool.needs if not runs.has(needed)]
        if not bench.wants_tool(tool.name):
            continue
        if missing:
            bench.note("%s is left out: %s is not there (--install gets it)" % (tool.name, missing[0]))
        else:
            found.append(tool)
    return found


def compiled(bench, source, options):
    """A C program with the address sanitizer; None if it does not compile."""
    folder = bench.scratch / "asan"
    folder.mkdir(exist_ok=True)
    target = folder / source.stem
    if not target.exists():
        flags = subprocess.run(["pkg-config", "--cflags", "--libs", "gdal", "proj"], capture_output=True, encoding="utf-8", check=False).stdout.split()
        words = ["cc", "-std=gnu17", "-D_GNU_SOURCE", "-g", "-fsanitize=address", "-fno-omit-frame-pointer", "-w", *options, "-o", str(target), str(source),
                 *flags, "-lgeos_c", "-lm", "-lpthread"]
        done = subprocess.run(words, capture_output=True, encoding="utf-8", check=False)
        if done.returncode != 0:
            bench.note("%s cannot be compiled with the address sanitizer: %s" % (source.name, done.stderr.strip()[:200]))
            return None
    return str(target)
