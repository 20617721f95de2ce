#!/usr/bin/env python3
"""Write the contracts as a table for people: the `contracts_table.c` that `holdfast contracts` prints from.

    describe.py --out FILE CONTRACT...

Everything comes from generate.parse, one phrase at a time, so that a word which the language gains appears here by itself. The shim's own tables
(generate.py) hold what a call needs; these also hold names of parameters, the words of the line, its evidence and its place.
"""
import argparse
import copy
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import generate  # noqa: E402

FREEING = ('frees', 'closes', 'releases')  # verbs by which an owned handle ends
OWNING = ('new', 'steals', 'consumes', 'hands')  # verbs by which the caller comes to own one
NOWHERE = (generate.NONE, generate.DIRECT, generate.NONE, False)
FAIL_WORDS = {'OGRErr': 'OGRERR_INVALID_HANDLE', 'CPLErr': 'CE_Failure'}  # what a person reads for the number that default_failure() gives


def evidence_of(paths):
    """PATH:LINE of a contract line: the comment above it, which also holds for the lines that follow without a blank one."""
    found = {}
    for path in paths:
        with open(path, encoding='utf-8') as stream:
            comment, in_comment, continued, start = [], False, False, 0
            for number, raw in enumerate(stream, 1):
                raw = raw.rstrip('\n')
                text = raw.strip()
                if text.startswith('#') and not continued:
                    words = text.lstrip('#').strip()
                    if re.match(r'^(====|----)', words):
                        comment = []
                        continue
                    comment = comment + [words] if in_comment else [words]
                    in_comment = True
                    continue
                in_comment = False
                if not text:
                    comment = []
                    continue
                if not continued:
                    start = number
                continued = raw.endswith('\\')
                found[f'{path}:{start}'] = ' '.join(comment)
    return found


def phrases_of(function):
    """(words of a phrase, the effects it means) of a contract line, in its order."""
    rest = re.sub(r'^@\S+\s*', '', function.line[len(function.prototype):].strip())
    for phrase in generate.Function.split_phrases(rest[1:]):
        alone = copy.copy(function)
        alone.effects, alone.unused = [], set()
        alone.parse_effect(phrase)
        yield re.sub(r'\s+', ' ', phrase), alone.effects


def sides_of(effect):
    """What an effect is about and its other side, each as (position, form, position of the count, `owner of`)."""
    if hasattr(effect, 'at'):
        return [(place.position, place.form, place.count, place.owner) for place in (effect.at, effect.to)]
    return [(effect.subject, effect.form, effect.count, False), (effect.object, generate.DIRECT, generate.NONE, False)]


def name_at(function, side):
    position, form, count, owner = side
    if position == generate.RESULT:
        return 'result'
    if position == generate.GLOBAL:
        return 'global'
    if position < 0:
        return None
    name = function.parameters[position].name
    if form == generate.POINTED:
        name = '*' + name
    elif form == generate.ARRAY:
        name += f'[{function.parameters[count].name if count >= 0 else ""}]'
    return 'owner of ' + name if owner else name


def kind_at(function, side):
    position, form = side[:2]
    if position < 0:
        return function.result_kind if position == generate.RESULT else None
    parameter = function.parameters[position]
    return parameter.kind if form == generate.DIRECT else generate.kind_of(re.sub(r'\*$', '', generate.tidy(parameter.ctype)))


class Row:
    """One effect on one handle, or the plain use of one."""

    def __init__(self, function, verb, words, about, other, kind):
        self.verb, self.words, self.kind, self.owned = verb, words, kind, verb in OWNING
        self.argument, self.name = about[0], name_at(function, about)
        self.parent_kind = kind_at(function, other)
        if other[0] >= 0 and self.parent_kind is None:
            other = NOWHERE  # user data of a handler, the name of a file: no handle
        self.parent, self.parent_name = other[0], name_at(function, other)


def rows_of(function):
    rows, acted_on = [], set(function.unused)
    for words, effects in phrases_of(function):
        for effect in effects:
            about, other = sides_of(effect)
            acted_on.add(about[0])
            if about[0] == generate.NONE:
                about, other = other, NOWHERE  # `invalidates band of P` acts on P, which is used as well
            rows.append(Row(function, effect.verb, words, about, other, effect.kind))
    for position, parameter in enumerate(function.parameters):
        place = (position, generate.DIRECT, generate.NONE, False)
        if parameter.kind and position not in acted_on:
            rows.append(Row(function, 'use', 'use', place, NOWHERE, parameter.kind))
        elif position in function.unused:
            rows.append(Row(function, 'unused', 'unused ' + parameter.name, place, NOWHERE, parameter.kind))
    return rows


def failure_of(function):
    """The value a refused call returns, as its documentation would say it; None for void."""
    if function.machine == 'void':
        return None
    if function.fails is not None:
        return function.fails
    if function.machine.startswith('struct'):
        return 'all HUGE_VAL' if function.machine.endswith('pj_coord') else 'all zero'
    return FAIL_WORDS.get(generate.tidy(function.return_type), generate.default_failure(function))


def frees_by_kind(functions):
    """kind: names of the functions that end a handle of it. One that takes several kinds (GDALMajorObjectH) counts for each."""
    found = {kind: set() for kind in generate.KINDS}
    for name, family in functions.items():
        for function in family:
            for e in function.effects:
                if e.verb in FREEING and e.kind:
                    for kind in [e.kind] + generate.KINDS[e.kind]['accepts']:
                        found[kind].add(name)
    return {kind: sorted(names) for kind, names in found.items()}


def version(number):
    """30800 as "3.8", 0 as nothing."""
    if not number:
        return None
    parts = [number // 10000, number // 100 % 100, number % 100]
    return '.'.join(str(part) for part in (parts if parts[2] else parts[:2]))


def text(value):
    return generate.c_string(value)


def write_table(out, functions, evidence):
    out.write('/* Generated from the contracts by describe.py. */\n#include "contracts_table.h"\n\n')
    frees = frees_by_kind(functions)
    for kind in generate.KINDS:
        out.write(f'static const char *const frees_{kind}[] = {{{"".join(text(name) + ", " for name in frees[kind])}NULL}};\n')
    number = {kind: position for position, kind in enumerate(generate.KINDS)}
    out.write('\nconst struct contract_kind contract_kinds[] = {\n')
    for kind, fields in generate.KINDS.items():
        out.write(f'    {{{text(kind)}, {text(fields["words"])}, frees_{kind}}},\n')
    out.write(f'}};\nconst size_t contract_kind_count = {len(generate.KINDS)};\n\n')

    def kind_pointer(kind):
        return f'&contract_kinds[{number[kind]}]' if kind else 'NULL'

    def position(value):
        return value if value >= 0 else 'CONTRACT_RESULT' if value == generate.RESULT else 'CONTRACT_NONE'

    rows, lines = [], []
    for name in sorted(functions):
        for function in sorted(functions[name], key=lambda function: function.range):
            own = rows_of(function)
            lines.append(f'{{{text(name)}, {text(function.library)}, {text(re.sub(r"[ ]+", " ", function.prototype))}, {text(version(function.range[0]))}, {text(version(function.range[1]))}, '
                         f'{text(failure_of(function))}, {text(evidence.get(function.where) or None)}, {text(os.path.basename(function.where))}, {len(rows)}, {len(own)}}}')
            rows += [f'{{{text(row.verb)}, {text(row.words)}, {position(row.argument)}, {text(row.name)}, {kind_pointer(row.kind)}, {position(row.parent)}, {text(row.parent_name)}, '
                     f'{kind_pointer(row.parent_kind)}, {int(row.owned)}}}' for row in own]
    for what, items in (('effect', rows), ('line', lines)):
        out.write(f'const struct contract_{what} contract_{what}s[] = {{\n' + ''.join(f'    {item},\n' for item in items) + f'}};\nconst size_t contract_{what}_count = {len(items)};\n\n')
    out.write('const char *const contract_libraries[] = {' + ''.join(text(name) + ', ' for name in generate.LIBRARIES) + 'NULL};\n')


def write_left_out(out, path):
    """Functions that have to do with a handle and have no line, each with the reason."""
    with open(path, encoding='utf-8') as stream:
        pairs = [line.strip().split(': ', 1) for line in stream if line.strip() and not line.startswith('#')]
    out.write('const struct contract_left_out contract_left_out[] = {\n' + ''.join(f'    {{{text(name)}, {text(reason)}}},\n' for name, reason in sorted(pairs))
              + f'}};\nconst size_t contract_left_out_count = {len(pairs)};\n')


def main():
    parser = argparse.ArgumentParser(description='Write the table of `holdfast contracts`.')
    parser.add_argument('--out', required=True)
    parser.add_argument('--left-out', default=os.path.join(os.path.dirname(os.path.abspath(__file__)), 'left_out.list'))
    parser.add_argument('contracts', nargs='+')
    options = parser.parse_args()
    functions = generate.parse(options.contracts)
    with open(options.out, 'w', encoding='utf-8') as out:
        write_table(out, functions, evidence_of(options.contracts))
        write_left_out(out, options.left_out)


if __name__ == '__main__':
    main()
