#!/usr/bin/env python3
"""Do the contracts agree with the installed headers, and is every function of the headers that has to do with a handle among them?

    check_prototypes.py [--left-out FILE] CONTRACT...

1. Every function that the installed headers declare is declared a second time, with the contract's prototype for the installed version: a
   conflict is a compile error. One argument is changed on purpose and the compiler has to notice, so that this check cannot pass by comparing
   nothing.
2. Every public function of the headers that takes or returns a handle must have a line. A handle is: a type that kinds.contract declares as a
   kind, any other pointer to a struct that the headers leave incomplete, and any other typedef NAMEH of `void *`; also behind further pointers
   (arrays, results in arguments). What a line cannot be written for stands in left_out.list with the reason.

The declarations come from libclang (python3-clang), not from looking at the text.
"""
import argparse
import os
import re
import subprocess
import sys

FOLDER = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, FOLDER)
import generate  # noqa: E402

try:
    import clang.cindex as cindex
except ImportError:
    sys.exit('this check needs libclang for Python: apt-get install python3-clang, or tools/setup --tests')

# Those that an installed version lacks are passed over. C++ headers count for the functions that they declare extern "C".
C_HEADERS = ['cpl_vsi.h', 'cpl_conv.h', 'cpl_string.h', 'cpl_error.h', 'cpl_progress.h', 'cpl_minixml.h', 'cpl_list.h', 'cpl_hash_set.h', 'cpl_quad_tree.h', 'cpl_csv.h', 'cpl_http.h',
             'cpl_compressor.h', 'cpl_multiproc.h', 'cpl_spawn.h', 'cpl_virtualmem.h', 'gdal.h', 'gdal_alg.h', 'gdal_utils.h', 'gdalwarper.h', 'gdal_vrt.h', 'gdalpansharpen.h', 'gdalalgorithm_c.h', 'gdal_frmts.h',
             'gdalgrid.h', 'gnm_api.h', 'ogr_api.h', 'ogr_core.h', 'ogr_geocoding.h', 'ogr_srs_api.h', 'geos_c.h', 'proj.h']
CPP_HEADERS = ['gdal_proxy.h', 'memdataset.h', 'gdal_cpp_functions.h', 'gdal_drivermanager.h']


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def version_number(text):
    parts = [int(part) for part in re.findall(r'\d+', text)[:3]] + [0, 0]
    return parts[0] * 10000 + parts[1] * 100 + parts[2]


def compiles(source, flags):
    result = subprocess.run(['cc', '-std=gnu17', '-fsyntax-only', '-w', *flags, '-x', 'c', '-'], input=source, capture_output=True, text=True)
    return result.returncode == 0, result.stderr


def includes_of(headers):
    return ''.join(f'#if __has_include(<{header}>)\n#include <{header}>\n#endif\n' for header in headers)


# ---- what the headers declare ------------------------------------------------------------------------------------


class Declared:
    """A function of a header."""

    def __init__(self, cursor, variadic, handles):
        self.name, self.header, self.line = cursor.spelling, os.path.basename(cursor.location.file.name), cursor.location.line
        self.handles = handles  # their types, as the header writes them
        parameters = [f'{argument.type.spelling} {argument.spelling}'.strip() for argument in cursor.get_arguments()] + ['...'] * variadic
        self.prototype = f'{cursor.result_type.spelling} {self.name}({", ".join(parameters) or "void"})'


def handle_in(ctype):
    """The handle type that a C type is, or points to, as it is written; None."""
    kinds = cindex.TypeKind
    if ctype.kind == kinds.ELABORATED:
        return handle_in(ctype.get_named_type())
    if ctype.kind == kinds.TYPEDEF:
        name = ctype.get_declaration().spelling
        below = ctype.get_declaration().underlying_typedef_type
        if generate.kind_of(name) or (name.endswith('H') and below.get_canonical().kind == kinds.POINTER and below.get_canonical().get_pointee().kind == kinds.VOID):
            return name
        return name if handle_in(below) else None
    if ctype.kind in (kinds.CONSTANTARRAY, kinds.INCOMPLETEARRAY, kinds.VARIABLEARRAY):
        return handle_in(ctype.element_type)
    if ctype.kind != kinds.POINTER:
        return None
    pointee = ctype.get_pointee()
    if generate.kind_of(pointee.spelling + '*'):
        return ctype.spelling
    canonical = pointee.get_canonical()
    if canonical.kind == kinds.RECORD and canonical.get_declaration().get_definition() is None:
        return ctype.spelling
    return handle_in(pointee)


def parse_headers(headers, flags, cpp):
    """(functions, names of typedefs) of the headers."""
    name = 'headers.cpp' if cpp else 'headers.c'
    unit = cindex.Index.create().parse(name, args=['-std=gnu++17' if cpp else '-std=gnu17', *flags], unsaved_files=[(name, includes_of(headers))],
                                       options=cindex.TranslationUnit.PARSE_SKIP_FUNCTION_BODIES)
    errors = [str(message) for message in unit.diagnostics if message.severity >= cindex.Diagnostic.Error]
    if errors:
        sys.exit('libclang does not understand the headers:\n' + '\n'.join(errors[:10]))

    def functions(cursor):
        for child in cursor.get_children():
            if child.kind in (cindex.CursorKind.LINKAGE_SPEC, cindex.CursorKind.UNEXPOSED_DECL):
                yield from functions(child)
            elif child.kind == cindex.CursorKind.FUNCTION_DECL and child.linkage == cindex.LinkageKind.EXTERNAL and child.mangled_name in (child.spelling, ''):
                yield child
    found = []
    for cursor in functions(unit.cursor):
        if cursor.location.file is not None and os.path.basename(cursor.location.file.name) in headers:
            types = [cursor.result_type] + [argument.type for argument in cursor.get_arguments()]
            variadic = cursor.type.kind == cindex.TypeKind.FUNCTIONPROTO and cursor.type.is_function_variadic()  # not of `int f()`
            found.append(Declared(cursor, variadic, [handle for handle in map(handle_in, types) if handle]))
    return found, {child.spelling for child in unit.cursor.get_children() if child.kind == cindex.CursorKind.TYPEDEF_DECL}


def declared_in_headers(flags):
    """name: Declared, of all installed headers, of several declarations the first; and the names of the typedefs of C."""
    in_c, typedefs = parse_headers(C_HEADERS, flags, False)
    found = {}
    for declared in in_c + parse_headers(CPP_HEADERS, flags, True)[0]:
        found.setdefault(declared.name, declared)
    return found, typedefs


# ---- the checks ------------------------------------------------------------------------------------------------


def check_agreement(functions, declared, typedefs, flags):
    """Exits when a prototype or type of the contracts is not that of the headers; returns the words for the closing line."""
    versions = {'gdal': version_number(output('pkg-config', '--modversion', 'gdal')), 'proj': version_number(output('pkg-config', '--modversion', 'proj')),
                'geos': version_number(output('geos-config', '--version'))}
    includes = includes_of(C_HEADERS)
    in_c = {name for name, function in declared.items() if function.header in C_HEADERS}
    lines = []
    for name in sorted(functions):
        for function in functions[name]:
            version = versions[function.library]
            if name in in_c and version >= function.range[0] and (function.range[1] == 0 or version < function.range[1]):
                lines.append('extern ' + re.sub(r'\b[a-z_]+:(?=\s*\w)', '', function.prototype) + ';\n')
    classes = []
    for ctype in sorted((generate.ENUMS | generate.POINTERS) & typedefs):
        # GCC's number for pointers is 5; enumerations and integers have others, and must be as wide as int
        is_pointer = f'__builtin_classify_type(*({ctype} *)0) == 5'
        expected = is_pointer if ctype in generate.POINTERS else f'!({is_pointer}) && sizeof({ctype}) == sizeof(int)'
        classes.append(f'_Static_assert({expected}, "{ctype}");\n')
    good, errors = compiles(includes + ''.join(lines + classes), flags)
    if not good:
        print(errors)
        sys.exit('the prototypes above do not agree with the installed headers: correct the contract (or give it a version range)')
    wrong = includes + ''.join(lines) + 'extern int GDALGetRasterBandXSize(double);\n'
    if compiles(wrong, flags)[0]:
        sys.exit('a wrong prototype was not noticed: this check compares nothing')
    if len(lines) < 1000:
        sys.exit('far fewer prototypes than expected: are the headers of GDAL, GEOS and PROJ installed?')
    return f'{len(lines)} prototypes and {len(classes)} types agree with the installed headers ({len(functions) - len(lines)} functions are newer or not declared there)'


def names_of(path):
    """name: reason, of a list with a name and its reason a line; # starts a comment."""
    found = {}
    with open(path, encoding='utf-8') as stream:
        for number, line in enumerate(stream, 1):
            name, _, reason = line.partition('#')[0].strip().partition(':')
            if name and (name in found or not reason.strip()):
                sys.exit(f'{path}:{number}: {name} ' + ('stands here twice' if name in found else 'has no reason'))
            if name:
                found[name] = reason.strip()
    return found


def check_lines(functions, declared, left_out):
    """Exits when a function of the headers that has to do with a handle has no line; returns the words for the closing line."""
    useless = sorted(name for name in left_out if name in functions)
    if useless:
        sys.exit('these have a line and stand in the list of functions without one: ' + ', '.join(useless))
    of_handles = {name: function for name, function in declared.items() if function.handles}
    forgotten = [function for name, function in of_handles.items() if name not in functions and name not in left_out]
    for function in sorted(forgotten, key=lambda function: (function.header, function.line)):
        print(f'{function.header}:{function.line}: {function.name} has no line (it has to do with {function.handles[0]}): {function.prototype}')
    if forgotten:
        sys.exit(f'{len(forgotten)} functions of the headers above have to do with a handle and have no contract: write a line, or give the reason in left_out.list')
    without = len(of_handles.keys() & left_out.keys())
    return f'{len(of_handles)} functions of the headers have to do with a handle: {len(of_handles) - without} have a line, {without} are left out with a reason'


def main():
    parser = argparse.ArgumentParser(description='Compare the contracts with the installed headers.')
    parser.add_argument('--left-out', default=os.path.join(FOLDER, 'left_out.list'))
    parser.add_argument('contracts', nargs='+')
    options = parser.parse_args()
    functions = generate.parse(options.contracts)
    flags = ['-D_GNU_SOURCE'] + output('pkg-config', '--cflags', 'gdal', 'proj').split()  # struct stat64 is no handle
    declared, typedefs = declared_in_headers(flags)
    print(check_agreement(functions, declared, typedefs, flags))
    print(check_lines(functions, declared, names_of(options.left_out)))


if __name__ == '__main__':
    main()
