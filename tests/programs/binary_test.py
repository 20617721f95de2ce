"""The shared object itself: what it needs, what it exports, how it is laid out, as readelf and nm show it.

usage: binary_test.py BUILD_DIRECTORY
"""
import re
import subprocess
import sys

from support import BUILD, FOLDER, LIBRARY, check, finish

# Interposed functions that are no contracts.
ENDS = {"_exit", "_Exit", "execl", "execle", "execlp", "execv", "execve", "execveat", "execvp", "execvpe", "fexecve"}
SIGNALS = {"__sysv_signal", "bsd_signal", "sigaction", "sigaltstack", "sigignore", "siginterrupt", "signal", "sigset", "ssignal", "sysv_signal"}
INTERPOSED = {"free", "realloc", "dlsym", "dlclose"} | ENDS | SIGNALS


def output(*argv):
    return subprocess.run([str(word) for word in argv], capture_output=True, text=True, check=True).stdout


def exported(library=LIBRARY):
    symbols = {}
    for line in output("nm", "-D", "--defined-only", library).splitlines():
        address, kind, name = line.split(None, 2)
        symbols[name.split("@")[0]] = kind
    return symbols


def contract_functions():
    """Names in the contracts, read apart from generate.py: what stands before the first parenthesis of a line that is no continuation."""
    names, continued = set(), False
    for path in sorted((FOLDER.parents[1] / "shim" / "contracts").glob("*.contract")):
        for line in path.read_text().splitlines():
            begins = not continued and line and not line[0].isspace() and not line.startswith("#")
            continued = line.rstrip().endswith("\\")
            match = re.match(r"^[\w\s*]*?\b(\w+)\s*\(", line) if begins and path.name != "kinds.contract" else None
            if match:
                names.add(match.group(1))
    return names


dynamic = output("readelf", "-dW", LIBRARY)
needed = re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic)
strangers = [name for name in needed if not re.match(r"^(libc|libm|libdl|libpthread|librt|ld-linux-[\w-]+|ld-linux-aarch64)\.so\.\d+$", name)]
check("needs the C library alone (%s)" % ", ".join(needed), not strangers, "expected no library but the C library's own, came %s" % strangers)
for name in ("gdal", "geos", "proj", "python", "unwind", "stdc++", "gcc_s", "lzma"):
    check("does not need lib%s" % name, not [each for each in needed if name in each], needed)
check("no text relocations", "TEXTREL" not in dynamic, "expected no TEXTREL among the dynamic entries")
check("no RPATH or RUNPATH", not re.search(r"\((RPATH|RUNPATH)\)", dynamic), dynamic)
check("never unloaded (NODELETE)", "NODELETE" in dynamic, "expected the flag NODELETE: wrappers' addresses are in other objects' tables")
check("relocated at load (NOW)", re.search(r"\bNOW\b", dynamic) is not None, "expected BIND_NOW")
soname = re.search(r"\(SONAME\).*\[(.*)\]", dynamic)
check("its soname is libholdfast.so", soname is not None and soname.group(1).startswith("libholdfast.so"), soname and soname.group(1))
segments = output("readelf", "-lW", LIBRARY)
stack = re.search(r"GNU_STACK.*", segments)
check("no executable stack", stack is not None and not re.search(r"\bRWE\b", stack.group(0)), stack and stack.group(0))
check("no segment is writable and executable", not re.search(r"LOAD.*\bRWE\b", segments), segments)
check("tables are read-only after relocation (RELRO)", "GNU_RELRO" in segments, segments)

symbols, contracts = exported(), contract_functions()
allowed = contracts | INTERPOSED
surplus = sorted(name for name in symbols if name not in allowed and not name.startswith("holdfast_"))
check("exports nothing but functions of the contracts, %s and holdfast_*" % ", ".join(sorted(INTERPOSED)), not surplus,
      "expected nothing else, came %s" % surplus[:20])
missing = sorted(contracts - symbols.keys())
check("exports all %d functions of the contracts" % len(contracts), len(contracts) > 500 and not missing, "expected also %s" % missing[:20])
data = sorted(name for name, kind in symbols.items() if kind not in "TtiW")
check("exports functions only, no data", not data, "expected no data, came %s" % data[:20])
for name in ("free", "dlsym", "holdfast_version", "holdfast_error_count", "holdfast_describe"):
    check("exports %s" % name, name in symbols, sorted(name for name in symbols if not name.startswith(("GDAL", "OGR", "OSR", "GEOS", "proj", "VSI", "CPL"))))
generated = BUILD / "shim" / "functions.h"
if generated.exists():
    listed = set(re.findall(r"FUNCTION_(\w+)", generated.read_text())) - {"COUNT", "free"}
    check("the generator made exactly the functions of the contracts", listed == contracts, "more: %s, fewer: %s" % (sorted(listed - contracts)[:9], sorted(contracts - listed)[:9]))
undefined = [line.split()[-1] for line in output("nm", "-D", "--undefined-only", LIBRARY).splitlines()]
foreign = [name for name in undefined if re.match(r"^(GDAL|OGR|OSR|CPL|VSI|GEOS|proj_|Py|_Py|_?unw_|_U)", name)]
check("refers to no function of the libraries, Python or libunwind", not foreign, foreign[:20])
check("no C++ runtime", not [name for name in undefined if name.startswith(("_Z", "__cxa_throw", "__gxx"))], undefined)
tls = [line for line in output("readelf", "-dW", LIBRARY).splitlines() if "STATIC_TLS" in line]
size = re.search(r"TLS\s+\S+\s+\S+\s+\S+\s+\S+\s+0x([0-9a-f]+)", segments)
check("thread-local storage is small enough for the reserve of every process (%s bytes)" % (int(size.group(1), 16) if size else 0), size is None or int(size.group(1), 16) <= 1024, tls)
nop = set(exported(LIBRARY.replace("libholdfast.so", "libholdfast_nop.so")))
check("the nop build wraps the same functions", nop == contracts | INTERPOSED - {"dlsym", "dlclose"} - ENDS - SIGNALS, "more: %s, fewer: %s" % (sorted(nop - contracts - INTERPOSED)[:9], sorted(contracts - nop)[:9]))
sys.exit(finish())
