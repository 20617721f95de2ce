#!/usr/bin/env python3
"""Do the contracts' prototypes agree with the installed headers?

    check_prototypes.py CONTRACT...

Declares every function that the installed headers declare a second time, with the contract's prototype for the installed version: a
conflict is a compile error. Then changes one argument on purpose and expects the compiler to notice, so that this check cannot pass
by comparing nothing.
"""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import generate  # noqa: E402

HEADERS = ['cpl_compressor.h', 'cpl_conv.h', 'cpl_csv.h', 'cpl_hash_set.h', 'cpl_http.h', 'cpl_list.h', 'cpl_minixml.h', 'cpl_multiproc.h', 'cpl_progress.h',
           'cpl_quad_tree.h', 'cpl_spawn.h', 'cpl_string.h', 'cpl_virtualmem.h', 'cpl_vsi.h', 'gdal.h', 'gdal_alg.h', 'gdal_utils.h', 'gdalpansharpen.h',
           'gdalwarper.h', 'gdal_vrt.h', 'gnm_api.h', 'geos_c.h', 'ogr_api.h', 'ogr_srs_api.h', 'proj.h']


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def version_number(text):
    parts = [int(part) for part in re.findall(r'\d+', text)[:3]] + [0, 0]
    return parts[0] * 10000 + parts[1] * 100 + parts[2]


def compiles(source, flags):
    result = subprocess.run(['cc', '-std=gnu17', '-fsyntax-only', '-w', *flags, '-x', 'c', '-'], input=source, capture_output=True, text=True)
    return result.returncode == 0, result.stderr


def main():
    functions = generate.parse(sys.argv[1:])
    flags = output('pkg-config', '--cflags', 'gdal', 'proj').split()
    versions = {'gdal': version_number(output('pkg-config', '--modversion', 'gdal')), 'proj': version_number(output('pkg-config', '--modversion', 'proj')),
                'geos': version_number(output('geos-config', '--version'))}
    includes = ''.join(f'#include <{header}>\n' for header in HEADERS)
    preprocessed = subprocess.run(['cc', '-E', '-P', *flags, '-x', 'c', '-'], input=includes, check=True, capture_output=True, text=True).stdout
    declared = set(re.findall(r'\b(\w+)\s*\(', preprocessed))
    lines = []
    for name in sorted(functions):
        for function in functions[name]:
            version = versions[function.library]
            if name in declared and version >= function.range[0] and (function.range[1] == 0 or version < function.range[1]):
                lines.append('extern ' + re.sub(r'\b[a-z_]+:(?=\s*\w)', '', function.prototype) + ';\n')
    classes = []
    for ctype in sorted(generate.ENUMS | generate.POINTERS):
        if compiles(f'{includes}extern {ctype} known;\n', flags)[0]:
            # GCC's number for pointers is 5; enumerations and integers have others, and must be as wide as int
            is_pointer = f'__builtin_classify_type(*({ctype} *)0) == 5'
            expected = is_pointer if ctype in generate.POINTERS else f'!({is_pointer}) && sizeof({ctype}) == sizeof(int)'
            classes.append(f'_Static_assert({expected}, "{ctype}");\n')
    lines += classes
    good, errors = compiles(includes + ''.join(lines), flags)
    if not good:
        print(errors)
        sys.exit('the prototypes above do not agree with the installed headers: correct the contract (or give it a version range)')
    wrong = includes + ''.join(lines) + 'extern int GDALGetRasterBandXSize(double);\n'
    if compiles(wrong, flags)[0]:
        sys.exit('a wrong prototype was not noticed: this check compares nothing')
    count = len(lines) - len(classes)
    print(f'{count} prototypes and {len(classes)} types agree with the installed headers ({len(functions) - count} functions are newer or not declared there)')
    if len(lines) < 1000:
        sys.exit('far fewer than expected: are the headers of GDAL, GEOS and PROJ installed?')


main()
