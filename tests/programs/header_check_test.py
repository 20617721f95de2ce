"""Does shim/contracts/check_prototypes.py notice what it is there for? Each case changes a copy of the contracts in one place.

usage: header_check_test.py BUILD_DIRECTORY
"""
import os
import re
import shutil
import subprocess
import sys

from support import FOLDER, PYTHON, check, finish, workshop

CONTRACTS = FOLDER.parents[1] / "shim" / "contracts"
FILES = ["kinds.contract"] + sorted(path.name for path in CONTRACTS.glob("*.contract") if path.name != "kinds.contract")

# A header of which nothing is declared as a kind: what is a handle by its look?
EXTRA = """
struct opaque;
struct open { int number; };
typedef struct opaque *opaque_t;
typedef void *ThingH;
typedef void *Blob;
void is_opaque(struct opaque *);
const struct opaque *is_result(void);
void is_behind_typedef(int, opaque_t);
void is_behind_pointers(struct opaque ***, int *);
void is_in_array(const ThingH things[], int);
int is_variadic(ThingH, ...);
void no_open(struct open *);
void no_pointer(void *, const char *, Blob);
void no_callback(void (*function)(ThingH));
int no_arguments();
static inline int no_symbol(ThingH thing) { return thing != 0; }
"""


def checked(changes=(), extra=""):
    """(exit status, output) of the check on a copy of the contracts in which (file, pattern, replacement) were applied, each exactly once;
    `extra`: text of the header extra.h."""
    with workshop() as folder:
        copy = folder / "contracts"
        shutil.copytree(CONTRACTS, copy, ignore=shutil.ignore_patterns("__pycache__"))
        for name, pattern, replacement in changes:
            text, count = re.subn(pattern, replacement, (copy / name).read_text(), flags=re.MULTILINE)
            if count != 1:
                sys.exit("%s: %d places match %s, not one: adapt this test" % (name, count, pattern))
            (copy / name).write_text(text)
        (folder / "extra.h").write_text(extra)
        done = subprocess.run([PYTHON, "-B", str(copy / "check_prototypes.py"), *(str(copy / name) for name in FILES)],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**os.environ, "CPATH": str(folder)})
        return done.returncode, done.stdout


def expect_failure(what, changes, pattern, **more):
    status, text = checked(changes, **more)
    check(what, status == 1 and re.search(pattern, text), "expected status 1 and %s, came status %d:\n%s" % (pattern, status, text))


def line_of(function):
    """Matches the whole contract line of a function that takes one line."""
    return r"^.*\b%s\(.*\n" % function


def main():
    status, text = checked()
    check("the contracts as they are pass", status == 0 and re.search(r"\d{4} prototypes .* agree", text) and "have a line" in text, text)

    for function, file, header in (("GDALGetRasterCount", "gdal.contract", "gdal.h"), ("OGR_F_Equal", "ogr.contract", "ogr_api.h"), ("OSRIsSame", "osr.contract", "ogr_srs_api.h"),
                                   ("GEOSArea_r", "geos.contract", "geos_c.h"), ("proj_angular_input", "proj.contract", "proj.h")):
        expect_failure("a line is removed: %s is missed" % function, [(file, line_of(function), "")], r"%s:\d+: %s has no line" % (header, function))
    expect_failure("only a result is a handle: GEOSGeomFromWKT is missed", [("geos.contract", line_of("GEOSGeomFromWKT"), "")], r"geos_c\.h:\d+: GEOSGeomFromWKT has no line")
    expect_failure("functions of C++ headers with C names count", [("gdal.contract", r"^GDALRasterBandH MEMCreateRasterBand\(.*\\\n.*\n", "")], r"memdataset\.h:\d+: MEMCreateRasterBand has no line")
    status, text = checked([("check_prototypes.py", r"'geos_c\.h', 'proj\.h'\]", "'geos_c.h', 'proj.h', 'extra.h']")], extra=EXTRA)
    named = re.findall(r"extra\.h:\d+: (\w+) has no line", text)
    check("handles that no kind is declared for are known by their look", status == 1 and sorted(named) == sorted(re.findall(r"\bis_\w+(?=\()", EXTRA)), text)

    expect_failure("the type of an argument changes", [("gdal.contract", r"(\bGDALGetRasterBand\(GDALDatasetH \w+, )int ", r"\1double ")], r"conflicting types for .GDALGetRasterBand")
    expect_failure("an argument is left out", [("proj.contract", r"\bproj_angular_input\(PJ \*P, ", "proj_angular_input(PJ *P, int extra, ")], r"conflicting types for .proj_angular_input")
    expect_failure("the type of a result changes", [("geos.contract", r"^char GEOSisEmpty_r\(", "double GEOSisEmpty_r(")], r"conflicting types for .GEOSisEmpty_r")
    expect_failure("an enumeration is declared to be a pointer", [("kinds.contract", r"^(enum CPLErr .*) GDALPaletteInterp\b", r"pointer GDALPaletteInterp\n\1")], r"GDALPaletteInterp")

    expect_failure("left out without a reason", [("left_out.list", r"^VSIFPrintfL:.*$", "VSIFPrintfL:")], r"VSIFPrintfL has no reason")
    expect_failure("left out, but there is a line", [("left_out.list", r"^VSIFPrintfL:.*$", "GDALGetRasterBand: for this test")], r"GDALGetRasterBand")
    return finish()


sys.exit(main())
