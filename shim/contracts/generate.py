#!/usr/bin/env python3
"""Turn the contracts into the wrappers and tables of the shim.

    generate.py --out DIR CONTRACT...      writes functions.h functions.c wrappers_LIBRARY.c exports.map
    generate.py --check CONTRACT...        parses only

Runs at build time on the build machine (meson needs a Python anyway). The language is described in README.md beside this
file. The generator knows no function by name: when one needs something special, the language gains a word.
"""
import argparse
import os
import re
import sys


class Mistake(Exception):
    pass


# ---- C types -----------------------------------------------------------------------------------------------------

INTEGERS = {
    'int': 'int', 'unsigned int': 'unsigned', 'unsigned': 'unsigned', 'char': 'char', 'unsigned char': 'unsigned char',
    'signed char': 'signed char', 'short': 'short', 'unsigned short': 'unsigned short', 'long': 'long',
    'unsigned long': 'unsigned long', 'long long': 'long long', 'unsigned long long': 'unsigned long long',
    'size_t': 'size_t', 'bool': '_Bool', '_Bool': '_Bool', 'GByte': 'unsigned char', 'GInt16': 'short', 'GUInt16': 'unsigned short',
    'GInt32': 'int', 'GUInt32': 'unsigned', 'GInt64': 'int64_t', 'GUInt64': 'uint64_t', 'GIntBig': 'int64_t',
    'GUIntBig': 'uint64_t', 'int64_t': 'int64_t', 'uint64_t': 'uint64_t', 'int32_t': 'int32_t', 'uint32_t': 'uint32_t',
    'uint8_t': 'uint8_t', 'int8_t': 'int8_t', 'uint16_t': 'uint16_t', 'int16_t': 'int16_t', 'time_t': 'int64_t',
    'vsi_l_offset': 'uint64_t', 'GPtrDiff_t': 'intptr_t', 'GSpacing': 'int64_t', 'uintptr_t': 'uintptr_t', 'geos_uint': 'unsigned',
}
FLOATS = {'double': 'double', 'float': 'float'}
STRUCTS = {'PJ_COORD', 'PJ_FACTORS', 'PJ_PROJ_INFO', 'PJ_GRID_INFO', 'PJ_INFO', 'PJ_INIT_INFO', 'PJ_LP', 'PJ_XY', 'PJ_UV', 'PJ_LPZ'}
FAIL_NAMES = {'OGRERR_INVALID_HANDLE': '8', 'OGRERR_FAILURE': '6', 'OGRERR_NONE': '0', 'OGRERR_NON_EXISTING_FEATURE': '9', 'OGRERR_UNSUPPORTED_OPERATION': '4',
              'CE_Failure': '3', 'CE_None': '0', 'CE_Fatal': '4', 'NULL': 'NULL', 'FALSE': '0', 'TRUE': '1', 'false': '0', 'true': '1', 'HUGE_VAL': 'HUGE_VAL', 'NaN': 'NAN', 'NAN': 'NAN'}


def tidy(ctype):
    ctype = re.sub(r'\b(const|volatile|struct|enum|restrict)\b', ' ', ctype)
    ctype = re.sub(r'\s+', ' ', ctype).strip()
    return re.sub(r'\s*\*\s*', '*', ctype)


def machine_type(ctype):
    """The C type that the wrapper uses: pointers are void *, enums int; sizes and registers are those of the real type."""
    base = tidy(ctype)
    if base == 'void':
        return 'void'
    if base.endswith('*') or base.endswith(']'):
        return 'void *'
    if base in INTEGERS:
        return INTEGERS[base]
    if base in FLOATS:
        return FLOATS[base]
    if base in STRUCTS:
        return 'struct ' + base.lower()
    if base in KIND_OF_TYPE or base in POINTERS:
        return 'void *'
    if base in ENUMS:
        return 'int'
    raise Mistake(f"unknown C type '{ctype}': declare it with an `enum` or `pointer` line of kinds.contract")


KIND_FLAGS = ('harmless', 'serial', 'process', 'many', 'valuable', 'open', 'plain')
KIND_OF_TYPE = {}
ENUMS, POINTERS = set(), set()
KINDS = {}
LIBRARIES = {}


def kind_of(ctype):
    return KIND_OF_TYPE.get(tidy(ctype))


# ---- parsing -----------------------------------------------------------------------------------------------------

class Parameter:
    def __init__(self, text, position):
        text = text.strip()
        self.kind = None
        if text == '...':
            raise Mistake('variadic functions cannot be wrapped')
        override = re.match(r'^([a-z_]+):(.*)$', text)
        if override:
            self.kind = override.group(1)
            if self.kind not in KINDS:
                raise Mistake(f"unknown kind '{self.kind}'")
            text = override.group(2).strip()
        callback = re.match(r'^(.*)\(\s*\*\s*(\w+)\s*\)\s*\((.*)\)$', text)
        if callback:
            self.ctype, self.name, self.source = 'void*', callback.group(2), text
        else:
            match = re.match(r'^(.*?[\s*])(\w+)\s*((?:\[\w*\])*)$', text)
            if not match or re.match(r'^(unsigned|signed|long|const|struct|enum)?\s*$', match.group(1).replace('*', '')) and '*' not in match.group(1) and match.group(2) in INTEGERS:
                raise Mistake(f"parameter {position + 1} '{text}' has no name")
            self.ctype = match.group(1).strip() + '*' * match.group(3).count('[')
            self.name, self.source = match.group(2), text
        self.machine = machine_type(self.ctype)
        if self.kind is None:
            self.kind = kind_of(self.ctype)


def split_parameters(text):
    parts, depth, current = [], 0, ''
    for character in text:
        if character == ',' and depth == 0:
            parts.append(current)
            current = ''
            continue
        depth += (character == '(') - (character == ')')
        current += character
    parts.append(current)
    return [part for part in parts if part.strip() and part.strip() != 'void']


def match_parenthesis(text, start):
    depth = 0
    for position in range(start, len(text)):
        depth += (text[position] == '(') - (text[position] == ')')
        if depth == 0:
            return position
    raise Mistake('unbalanced parentheses in the prototype')


VERBS = ['new', 'depends', 'advises', 'borrows', 'returns', 'frees', 'closes', 'releases', 'references', 'dereferences', 'takes', 'consumes', 'steals',
         'hands', 'invalidates', 'ends', 'update', 'shared', 'touches', 'settles', 'hosts', 'label', 'handler', 'moves', 'needs', 'owner', 'uses', 'alters', 'replaces',
         'restores', 'shares', 'begins_world', 'ends_world', 'threadsafe', 'lends', 'discards', 'prompt', 'buffer', 'buffer_named', 'buffer_file', 'removes']
# Effects of which a handle of the function comes out: its owner is stated.
OWNERSHIP = ('new', 'borrows', 'returns', 'consumes', 'steals', 'owner')
RESULT, NONE, GLOBAL = -1, -2, -3
DIRECT, POINTED, ARRAY = 0, 1, 2


class Place:
    """Where a handle of a call is: a parameter or the result, what it points to, or the members of an array."""

    def __init__(self, position, form=DIRECT, count=NONE, count_pointed=False, count_wide=False, owner=False):
        self.position, self.form, self.count, self.count_pointed, self.count_wide, self.owner = position, form, count, count_pointed, count_wide, owner


class Effect:
    def __init__(self, verb):
        self.verb = verb
        self.kind = None
        self.at = Place(NONE)  # what the effect is about
        self.to = Place(NONE)  # the other side: parent, taker ...
        self.counted = self.unless_failed = False
        self.condition = None
        self.text = None

    @property
    def subject(self):
        return self.at.position

    @property
    def form(self):
        return self.at.form

    @property
    def object(self):
        return self.to.position


class Function:
    def __init__(self, line, library, where):
        self.library, self.where, self.line = library, where, line
        text = line
        open_at = text.find('(')
        if open_at < 0:
            raise Mistake('no prototype')
        head = text[:open_at].strip()
        match = re.match(r'^(.*?[\s*])(\w+)$', head)
        if not match:
            raise Mistake(f"no function name in '{head}'")
        self.return_type, self.name = match.group(1).strip(), match.group(2)
        close_at = match_parenthesis(text, open_at)
        self.prototype = text[:close_at + 1]
        self.parameters = [Parameter(part, position) for position, part in enumerate(split_parameters(text[open_at + 1:close_at]))]
        self.machine = machine_type(self.return_type)
        self.result_kind = kind_of(self.return_type)
        rest = text[close_at + 1:].strip()
        self.range = (0, 0)
        match = re.match(r'^@(\S+)\s*', rest)
        if match:
            self.range = self.parse_range(match.group(1))
            rest = rest[match.end():]
        self.effects, self.fails, self.succeeds, self.unused, self.any_thread, self.no_world = [], None, None, set(), False, False
        if rest:
            if not rest.startswith(':'):
                raise Mistake(f"expected ':' before the effects, found '{rest}'")
            for phrase in self.split_phrases(rest[1:]):
                self.parse_effect(phrase)
        owned = any(e.verb in OWNERSHIP and e.form == DIRECT for e in self.effects)
        frees_result = any(e.verb in ('frees', 'closes', 'releases') for e in self.effects)
        if self.result_kind and not owned and not frees_result:
            raise Mistake(f"{self.name} returns a {self.result_kind}: say who owns it (new, borrows, returns ...)")

    @staticmethod
    def split_phrases(text):
        parts, quoted, current = [], False, ''
        for character in text:
            quoted ^= character == '"'
            if character == ',' and not quoted:
                parts.append(current)
                current = ''
            else:
                current += character
        return [part.strip() for part in parts + [current] if part.strip()]

    @staticmethod
    def parse_range(text):
        def number(version):
            parts = [int(part) for part in version.split('.')] + [0, 0]
            return parts[0] * 10000 + parts[1] * 100 + parts[2]
        match = re.match(r'^>=([\d.]+)$', text)
        if match:
            return (number(match.group(1)), 0)
        match = re.match(r'^<([\d.]+)$', text)
        if match:
            return (0, number(match.group(1)))
        match = re.match(r'^([\d]+(?:\.\d+)*)\.\.(\d+(?:\.\d+)*)$', text)
        if match:
            return (number(match.group(1)), number(match.group(2)))
        raise Mistake(f"version range '@{text}' is none of @>=V, @<V, @V..W")

    def index(self, name):
        if name == 'result':
            return RESULT
        for position, parameter in enumerate(self.parameters):
            if parameter.name == name:
                return position
        raise Mistake(f"{self.name} has no parameter '{name}'")

    def place(self, words):
        """Take P, *P, P[N], P[*N], P[], result or `owner of P` from the front of `words`."""
        if words[:2] == ['owner', 'of']:
            del words[:2]
            place = self.place(words)
            place.owner = True
            return place
        word = words.pop(0)
        if word == 'nothing':
            return Place(NONE)
        if word == 'global':
            return Place(GLOBAL)
        match = re.match(r'^(\w+)\[(\*?)(\w*)\]$', word)
        if not match:
            return Place(self.index(word.lstrip('*')), POINTED if word.startswith('*') else DIRECT)
        place = Place(self.index(match.group(1)), ARRAY)
        if match.group(3):
            place.count, place.count_pointed = self.index(match.group(3)), match.group(2) == '*'
            ctype = tidy(self.parameters[place.count].ctype)
            place.count_wide = INTEGERS.get(ctype[:-1] if place.count_pointed else ctype) in ('size_t', 'uint64_t', 'int64_t', 'long', 'unsigned long')
        return place

    def kind_at(self, place):
        ctype = self.return_type if place.position == RESULT else self.parameters[place.position].ctype if place.position >= 0 else ''
        if place.form == DIRECT:
            return self.result_kind if place.position == RESULT else self.parameters[place.position].kind if place.position >= 0 else None
        ctype = tidy(ctype)
        return kind_of(ctype[:-1]) if ctype.endswith('*') else None

    def about(self, effect, words):
        """The place that the effect is about, and from it its kind."""
        effect.at = self.place(words)
        effect.kind = effect.kind or self.kind_at(effect.at)

    def condition(self, text):
        """P & MASK | P == V | P != V | P"""
        match = re.match(r'^(\w+)\s+contains\s+"([^"]+)"$', text)
        if match:
            return (self.index(match.group(1)), 'contains', match.group(2))
        text = text.replace(' ', '')
        match = re.match(r'^(\w+)(&|==|!=)(\w+)$', text)
        if not match and re.match(r'^\w+$', text):
            match = re.match(r'^(\w+)(!=)(0)$', text + '!=0')
        if not match:
            raise Mistake(f"condition '{text}' is none of P, P & MASK, P == V, P != V")
        position, sign, wanted = self.index(match.group(1)), match.group(2), match.group(3)
        if self.parameters[position].machine == 'void *':
            if wanted not in ('NULL', '0') or sign == '&':
                raise Mistake(f"condition '{text}': a pointer can only be compared with NULL")
            return (position, 'null' if sign == '==' else 'given', 0)
        return (position, sign, int(FAIL_NAMES.get(wanted, wanted), 0))

    def parse_effect(self, phrase):
        condition, unless_failed = None, False
        if not phrase.startswith('label "'):
            if ' unless failed' in phrase:
                unless_failed, phrase = True, phrase.replace(' unless failed', '', 1)
            phrase, when, text = phrase.partition(' when ')
            condition = self.condition(text) if when else None
        made = self.effects_of(phrase)
        for effect in made:
            effect.condition, effect.unless_failed = condition, unless_failed
            if condition and condition[1] == 'contains':
                effect.condition, effect.text = (*condition[:2], 0), condition[2]
        self.effects += made

    def effects_of(self, phrase):
        words = phrase.split()
        verb = words.pop(0)
        e = Effect(verb)
        made = [e]

        def expect(*wanted):
            if words[:len(wanted)] != list(wanted):
                raise Mistake(f"'{phrase}': expected '{' '.join(wanted)}'")
            del words[:len(wanted)]

        def accept(*wanted):
            if words[:len(wanted)] != list(wanted):
                return False
            del words[:len(wanted)]
            return True

        if verb == 'use':
            return []
        if verb in ('fails', 'succeeds'):
            setattr(self, verb, ' '.join(words))
            return []
        if verb == 'unused':
            self.unused.add(self.index(words[0]))
            return []
        if phrase == 'any thread':
            self.any_thread = True
            return []
        if phrase == 'no world':
            self.no_world = True
            return []
        if verb == 'new':
            if words and words[0] in KINDS:
                e.kind = words.pop(0)
            self.about(e, words if accept('in') else ['result'])
            while words and words[0] in ('depends', 'advises'):
                d = Effect(words.pop(0))
                d.at, d.kind, d.to = e.at, e.kind, self.place(words)
                if d.verb == 'depends' and accept('in', 'use'):
                    d.verb = 'needs'
                d.counted = accept('if', 'counted')
                made.append(d)
        elif verb == 'borrows':
            if words and words[0] in KINDS:
                e.kind = words.pop(0)
            self.about(e, words if accept('in') else ['result'])
            expect('from')
            e.to = self.place(words)
            e.counted = accept('counted')
        elif verb in ('returns', 'frees', 'closes', 'releases', 'references', 'dereferences', 'consumes', 'uses', 'alters', 'shares', 'prompt'):
            self.about(e, words)
            e.counted = verb == 'alters' and accept('if', 'changed')
            if verb == 'frees' and accept('of'):
                e.to = self.place(words)
        elif verb == 'gives':
            expect('back')
            e.verb = 'restores'
            self.about(e, words)
        elif verb == 'binds':
            self.about(e, words)
            expect('to')
            e.to = self.place(words)
            e.verb = 'needs' if accept('in', 'use') else 'advises' if accept('as', 'advice') else 'depends'
            e.counted = accept('if', 'counted')
            if self.kind_at(e.to) is None:
                raise Mistake(f"'{phrase}': not a handle")
        elif verb == 'takes':
            self.about(e, words)
            expect('into')
            e.to = self.place(words)
        elif verb == 'moves':
            self.about(e, words)
            expect('to')
            e.to = self.place(words)
        elif verb == 'owner':
            expect('of')
            e.at, e.kind, e.to = Place(RESULT), self.result_kind, self.place(words)
        elif verb == 'steals':
            e.kind = self.known_kind(words.pop(0))
            expect('from')
            e.at, e.to = Place(RESULT), self.place(words)
        elif verb == 'hands':
            e.kind = self.known_kind(words.pop(0))
            expect('from')
            e.to = self.place(words)
        elif verb in ('invalidates', 'replaces'):
            word = words.pop(0)
            e.kind = None if word == 'all' else self.known_kind(word)
            expect('of')
            e.to = self.place(words)
        elif verb in ('begins', 'ends') and accept('world'):
            e.verb = verb + '_world'
        elif verb == 'ends':
            word = words.pop(0)
            e.kind = None if word == 'all' else self.known_kind(word)
        elif verb == 'thread-safe':
            e.verb = 'threadsafe'
        elif verb in ('update', 'shared', 'settles', 'hosts'):
            pass
        elif verb == 'touches':
            e.at = self.place(words)
        elif verb == 'lends':
            expect('string')
            e.kind, e.at = 'string', self.place(words) if accept('in') else Place(RESULT)
            expect('from')
            e.to = self.place(words)
        elif verb == 'discards':
            e.kind, e.at = 'buffer', self.place(words)
        elif verb == 'buffer' and accept('named', 'in'):
            e.verb, e.kind, e.at, e.to = 'buffer_named', 'buffer', self.place(words), Place(RESULT)
            # A list of texts, or one text.
            e.counted = tidy(self.parameters[e.subject].ctype) != 'char*'
            e.to = self.place(words) if accept('of') else e.to
        elif verb == 'buffer':
            e.kind, e.at, e.to = 'buffer', self.place(words), Place(RESULT)
            if accept('of', 'file'):
                e.verb, e.to = 'buffer_file', self.place(words)
            elif accept('of'):
                e.to = self.place(words)
            e.counted = accept('taken')
        elif verb == 'removes':
            expect('file')
            e.at = self.place(words)
        elif verb == 'label':
            text = re.match(r'^label\s+"(.*)"$', phrase)
            if text:
                e.text = text.group(1)
                words = []
            else:
                e.at = self.place(words)
                e.counted = self.parameters[e.subject].machine == 'void *'  # a string, else a number
        elif verb == 'error' and words[:1] == ['handler']:
            e.verb = 'handler'
            e.at = Place(self.index(words[1]))
            if words[2:3] == ['data']:
                e.to = Place(self.index(words[3]))
            words = []
        else:
            raise Mistake(f"unknown effect '{phrase}'")
        if words:
            raise Mistake(f"'{phrase}': '{' '.join(words)}' is not understood")
        for effect in made:
            if effect.kind is None and effect.at.position != NONE and effect.verb not in ('label', 'handler', 'touches', 'removes', 'owner'):
                raise Mistake(f"'{phrase}': the kind of the handle is not known from its type")
        return made

    def known_kind(self, word):
        if word not in KINDS:
            raise Mistake(f"unknown kind '{word}'")
        return word


def lines_of(path):
    with open(path, encoding='utf-8') as stream:
        pending, start = '', 0
        for number, raw in enumerate(stream, 1):
            raw = raw.rstrip('\n')
            if not pending and (not raw.strip() or raw.lstrip().startswith('#')):
                continue
            start = start or number
            if raw.endswith('\\'):
                pending += raw[:-1] + ' '
                continue
            yield start, (pending + raw).strip()
            pending, start = '', 0


def parse_declaration(line):
    words = re.findall(r'"[^"]*"|\S+', line)
    if words[0] == 'library' and len(words) > 2:
        fields = dict(zip(words[2::2], words[3::2]))
        LIBRARIES[words[1]] = {key: fields.get(key) for key in ('probe', 'channel', 'version', 'allocates', 'deallocates', 'context')}
    elif words[0] == 'kind':
        kind = {'words': words[2].strip('"'), 'flush': None, 'counted': None, 'after': None, 'measured': (None, None, None), 'accepts': [], **{word: False for word in KIND_FLAGS}}
        rest = words[3:]
        while rest:
            word = rest.pop(0)
            if word in KIND_FLAGS:
                kind[word] = True
            elif word == 'after':
                kind['after'] = rest.pop(0)
            elif word == 'flush':
                kind['flush'] = rest.pop(0)
            elif word == 'counted' and rest[:1] == ['by']:
                kind['counted'] = (rest[1], rest[2])
                rest = rest[3:]
            elif word == 'measured' and rest[:1] == ['by']:
                kind['measured'] = (None if rest[1] == 'itself' else rest[1], rest[2], rest[3])
                rest = rest[4:]
            elif word == 'accepts':
                kind['accepts'], rest = rest, []
            else:
                raise Mistake(f"unknown word '{word}' of a kind")
        KINDS[words[1]] = kind
    elif words[0] == 'type':
        ctype, kind = line[5:].rsplit('=', 1)
        if kind.strip() not in KINDS:
            raise Mistake(f"unknown kind '{kind.strip()}'")
        KIND_OF_TYPE[tidy(ctype)] = kind.strip()
    elif words[0] in ('enum', 'pointer'):
        (ENUMS if words[0] == 'enum' else POINTERS).update(words[1:])
    else:
        return False
    return True


def parse(paths):
    functions, mistakes = {}, []
    for path in paths:
        library = None
        for number, line in lines_of(path):
            where = f'{path}:{number}'
            try:
                if parse_declaration(line):
                    continue
                match = re.match(r'^library\s+(\w+)$', line)
                if match:
                    library = match.group(1)
                    if library not in LIBRARIES:
                        raise Mistake(f"unknown library '{library}'")
                    continue
                if library is None:
                    raise Mistake("a function before the 'library' line")
                function = Function(line, library, where)
                variants = functions.setdefault(function.name, [])
                for other in variants:
                    # A result that older versions do not have is harmless to read: its register holds anything.
                    if (other.machine != function.machine and 'void' not in (other.machine, function.machine)) or [p.machine for p in other.parameters] != [p.machine for p in function.parameters]:
                        raise Mistake(f'{function.name}: not ABI-equal to {other.where}')
                    low, high = max(other.range[0], function.range[0]), min(other.range[1] or 10**9, function.range[1] or 10**9)
                    if low < high:
                        raise Mistake(f'{function.name}: its version range overlaps {other.where}')
                variants.append(function)
                variants.sort(key=lambda variant: variant.machine == 'void')
            except Mistake as mistake:
                mistakes.append(f'{where}: {mistake}')
            except (IndexError, ValueError) as mistake:
                mistakes.append(f"{where}: cannot be understood: '{line}' ({mistake})")
    if mistakes:
        sys.exit('\n'.join(mistakes))
    return functions


# ---- output ------------------------------------------------------------------------------------------------------

def default_failure(function):
    machine, name = function.machine, tidy(function.return_type)
    if machine.startswith('struct'):
        return None
    if machine == 'void *':
        return 'NULL'
    if name == 'OGRErr':
        return '8'
    if name == 'CPLErr':
        return '3'
    if function.library == 'geos' and machine == 'char':
        return '2'
    return '0'


def is_string(parameter):
    """Text, or a list of texts, that the function only reads."""
    return parameter.kind is None and (tidy(parameter.ctype) == 'CSLConstList' or 'const' in parameter.ctype.split() and tidy(parameter.ctype) in ('char*', 'char**'))


def used_kinds(function):
    """For each parameter the kind as which it must be alive, None: none."""
    return [None if position in function.unused else parameter.kind or ('string' if is_string(parameter) else None) for position, parameter in enumerate(function.parameters)]


def fails_by(function):
    """How the result tells a failure: (enum, value)."""
    if function.machine == 'void *':
        return 'null', 0
    if tidy(function.return_type) in ('OGRErr', 'CPLErr'):
        return 'nonzero', 0
    if function.machine in ('int', '_Bool', 'char'):
        text = function.fails if function.fails is not None else default_failure(function)
        text = FAIL_NAMES.get(text, text)
        if re.match(r'^-?\d+$', text):
            return 'value', int(text)
    return 'nothing', 0


def value(function, text, fallback):
    text = text if text is not None else fallback
    if text is None:
        return f'({function.machine}){{0}}' if not function.machine.endswith('pj_coord') else 'failed_coordinate()'
    text = FAIL_NAMES.get(text, text)
    if text.startswith('"'):
        return f'(void *)(uintptr_t){text}'
    if text in ('all HUGE_VAL',):
        return 'failed_coordinate()'
    if function.machine == 'struct pj_coord':
        return 'failed_coordinate()'
    if function.machine.startswith('struct'):
        return f'({function.machine}){{0}}'
    return text


def c_string(text):
    return '"' + text.replace('\\', '\\\\').replace('"', '\\"') + '"' if text is not None else 'NULL'


def write_header(out, names):
    out.write('/* Generated from the contracts by generate.py. */\n#ifndef HOLDFAST_FUNCTIONS_H\n#define HOLDFAST_FUNCTIONS_H\n\n#include <stdint.h>\n\n')
    out.write('enum library { ' + ', '.join('LIBRARY_' + name for name in LIBRARIES) + ', LIBRARY_COUNT };\n\n')
    out.write('enum kind { KIND_none, ' + ', '.join('KIND_' + name for name in KINDS) + ', KIND_COUNT };\n\n')
    out.write('enum verb { VERB_none, ' + ', '.join('VERB_' + name for name in VERBS) + ' };\n\n')
    out.write('enum channel { CHANNEL_cpl, CHANNEL_geos, CHANNEL_proj };\n')
    out.write('enum condition { CONDITION_none, CONDITION_mask, CONDITION_equal, CONDITION_unequal, CONDITION_null, CONDITION_given, CONDITION_contains };\n')
    out.write('enum fails_by { FAILS_BY_nothing, FAILS_BY_null, FAILS_BY_nonzero, FAILS_BY_value };\n')
    out.write('enum form { FORM_direct, FORM_pointed, FORM_array };\n\n')
    out.write('#define POSITION_RESULT (-1)\n#define POSITION_NONE (-2)\n#define POSITION_GLOBAL (-3)\n\n')
    out.write('enum function {\n' + ''.join(f'    FUNCTION_{name},\n' for name in names) + '    FUNCTION_COUNT\n};\n\n')
    out.write('''struct library_info {
    const char *name, *probe, *version, *allocates, *deallocates;
    enum channel channel;
    uint8_t context; /* kind of the context that its functions take, 0: none */
};
struct kind_info {
    const char *name, *words;
    const char *flush;                   /* function called when a free is postponed, or NULL */
    const char *reference, *dereference; /* functions that change and return the count, or NULL */
    const char *freed_by;                /* the function that frees it, or NULL */
    const char *defined_by;              /* function that returns what its fields are defined by, NULL: itself */
    const char *fields, *geometry_fields; /* functions that count the fields of that, or NULL */
    uint64_t accepts[4];                 /* bit K: kind K may be passed where this one is expected; its own bit is set */
    uint8_t harmless, serial, process, many, valuable, open, plain;
    uint8_t after; /* kind that is to be freed before this one, or 0 */
    uint8_t movable; /* there is a function that moves one to another parent */
};
static inline int kind_accepts(const struct kind_info *expected, unsigned kind)
{
    return (int)(expected->accepts[kind / 64] >> kind % 64 & 1);
}
/* Where a handle of a call is. */
struct operand {
    int8_t position; /* of an argument, or POSITION_... */
    uint8_t form;    /* enum form */
    int8_t count;    /* FORM_array: position of the number of members, POSITION_NONE: up to a NULL */
    uint8_t count_pointed, count_wide; /* the number is what the argument points to; it has 64 bits */
    uint8_t owner;   /* not the handle itself: what it lives in or depends on */
};
struct effect_info {
    uint8_t verb, kind;
    struct operand at, to;
    uint8_t to_kind; /* kind of the handles at `to` */
    uint8_t counted, unless_failed;
    uint8_t condition;
    int8_t condition_argument;
    int32_t condition_value;
    const char *text;
};
/* One version range of a function; `low` <= version < `high`, 0: open. */
struct variant_info {
    uint32_t low, high;
    uint16_t first_effect, effect_count;
    uint8_t fails_by; /* enum fails_by: how a failure shows in the result */
    int16_t fails_value;
};
struct function_info {
    const char *name;
    const char *prototype;
    uint8_t library;
    uint8_t argument_count;
    uint8_t result_kind;
    uint8_t variant_count;
    uint16_t first_variant;
    uint8_t any_thread; /* reads only what never changes */
    uint8_t worldly;    /* uses the library's own context */
    uint16_t first_argument; /* into argument_kinds: the kind each argument must be alive as, 0: not a handle, or not needed */
};

extern const struct library_info library_table[LIBRARY_COUNT];
extern const struct kind_info kind_table[KIND_COUNT];
extern const struct effect_info effect_table[];
extern const struct variant_info variant_table[];
extern const uint8_t argument_kinds[];
/* One more than there are: the last is plain free(), which has no contract but a place in reports. */
#define FUNCTION_free FUNCTION_COUNT
extern const struct function_info function_table[FUNCTION_COUNT + 1];
extern void *const wrapper_table[FUNCTION_COUNT];

#endif
''')


def place(at):
    return f'{{{at.position}, {at.form}, {at.count}, {int(at.count_pointed)}, {int(at.count_wide)}, {int(at.owner)}}}'


def worldly(function):
    """Does it use the library's own context?"""
    context = LIBRARIES[function.library]['context']
    return bool(context and not function.no_world and context not in [function.result_kind] + [parameter.kind for parameter in function.parameters])


def freed_by(functions, kind):
    """The function that frees a handle of this kind: of several the one with the shortest name, which is the one that people know."""
    names = [name for name, family in functions.items() for f in family for e in f.effects
             if e.verb in ('frees', 'closes', 'releases') and e.kind == kind and e.form == DIRECT and not name.endswith('_r')]
    return min(names, key=lambda name: (len(name), name), default=None)


def is_moved(functions, kind):
    return any(e.verb == 'moves' and e.kind == kind for family in functions.values() for f in family for e in f.effects)


def write_tables(out, functions, names):
    kind_number = {name: number for number, name in enumerate(KINDS, 1)}
    out.write('/* Generated from the contracts by generate.py. */\n#include "functions.h"\n#include <stddef.h>\n\n')
    out.write('const struct library_info library_table[LIBRARY_COUNT] = {\n')
    for name, fields in LIBRARIES.items():
        def optional(key):
            return c_string(None if fields[key] in (None, 'none') else fields[key])
        out.write(f'    {{{c_string(name)}, {optional("probe")}, {optional("version")}, {optional("allocates")}, {optional("deallocates")}, CHANNEL_{fields["channel"]}, {"KIND_" + fields["context"] if fields["context"] else 0}}},\n')
    out.write('};\n\nconst struct kind_info kind_table[KIND_COUNT] = {\n    [KIND_none] = {.name = "none", .words = "handle"},\n')
    for name, kind in KINDS.items():
        bits = 1 << kind_number[name]
        for accepted in kind['accepts']:
            bits |= 1 << kind_number[accepted]
        counted = kind['counted'] or (None, None)
        measured = ', '.join(map(c_string, kind['measured']))
        words = ', '.join(f'UINT64_C({bits >> shift & (1 << 64) - 1:#x})' for shift in (0, 64, 128, 192))
        flags = ', '.join(str(int(kind[flag])) for flag in KIND_FLAGS)
        out.write(f'    [KIND_{name}] = {{{c_string(name)}, {c_string(kind["words"])}, {c_string(kind["flush"])}, {c_string(counted[0])}, {c_string(counted[1])}, {c_string(freed_by(functions, name))}, {measured}, {{{words}}}, {flags}, {"KIND_" + kind["after"] if kind["after"] else 0}, {int(is_moved(functions, name))}}},\n')
    out.write('};\n\n')
    effects, variants, arguments, rows = [], [], [], []
    conditions = {None: 'none', '&': 'mask', '==': 'equal', '!=': 'unequal', 'null': 'null', 'given': 'given', 'contains': 'contains'}

    def kind_name(kind):
        return 'KIND_' + kind if kind else '0'

    for name in names:
        family = functions[name]
        first_variant = len(variants)
        for function in family:
            first_effect = len(effects)
            for e in function.effects:
                condition = e.condition or (NONE, None, 0)
                effects.append(f'{{VERB_{e.verb}, {"KIND_" + e.kind if e.kind else 0}, {place(e.at)}, {place(e.to)}, {kind_name(function.kind_at(e.to))}, {int(e.counted)}, {int(e.unless_failed)}, '
                               f'CONDITION_{conditions[condition[1]]}, {condition[0]}, {(condition[2] + 2**31) % 2**32 - 2**31}, {c_string(e.text)}}}')
            variants.append(f'{{{function.range[0]}, {function.range[1]}, {first_effect}, {len(function.effects)}, FAILS_BY_{fails_by(function)[0]}, {fails_by(function)[1]}}}')
        function = family[0]
        first_argument = len(arguments)
        arguments += ['KIND_' + kind if kind else '0' for kind in used_kinds(function)]
        rows.append(f'{{{c_string(name)}, {c_string(function.prototype)}, LIBRARY_{function.library}, {len(function.parameters)}, {"KIND_" + function.result_kind if function.result_kind else 0}, '
                    f'{len(family)}, {first_variant}, {int(all(f.any_thread for f in family))}, {int(worldly(function))}, {first_argument}}}')
    for ctype, table, entries in (('struct effect_info', 'effect_table', effects), ('struct variant_info', 'variant_table', variants), ('uint8_t', 'argument_kinds', arguments)):
        out.write(f'const {ctype} {table}[] = {{\n' + ''.join(f'    {entry},\n' for entry in entries or ['0']) + '};\n\n')
    out.write('const struct function_info function_table[FUNCTION_COUNT + 1] = {\n' + ''.join(f'    {row},\n' for row in rows) + '    {.name = "free", .prototype = "void free(void *)"},\n};\n\n')
    for name in names:
        out.write(f'extern char {name}[];\n')
    out.write('\nvoid *const wrapper_table[FUNCTION_COUNT] = {\n' + ''.join(f'    {name},\n' for name in names) + '};\n')


def word_of(parameter, name):
    if parameter.machine == 'void *':
        return f'(uintptr_t){name}'
    if parameter.machine in FLOATS.values() or parameter.machine.startswith('struct'):
        return '0'
    return f'(uintptr_t)(intptr_t){name}'


def may_be_young(kind):
    """Can a thread keep handles of this kind for itself (young.h)? Not what is counted, flushed, or freed in ways of its own."""
    fields = KINDS.get(kind)
    return fields is not None and kind not in ('string', 'buffer') and not (fields['counted'] or fields['flush'] or fields['after'] or fields['process'] or fields['valuable'] or fields['open'] or fields['plain'])


def young_kinds(functions):
    """The kinds of which a thread really has young handles: what some function makes, and what that lends."""
    effects = [(function, e) for family in functions.values() for function in family for e in function.effects if e.form == DIRECT and e.kind is not None and may_be_young(e.kind)]
    kinds = {e.kind for _, e in effects if e.verb == 'new' and e.subject == RESULT}
    lent = [(e.kind, function.kind_at(e.to)) for function, e in effects if e.verb == 'borrows' and e.object >= 0]
    while any(lender in kinds and kind not in kinds for kind, lender in lent):
        kinds |= {kind for kind, lender in lent if lender in kinds}
    return kinds


class Plan:
    """What a function does when all of it can be done with young handles: `births` one of new or borrows, `parents` [(position, verb)], `gone` the position
    of what it frees or takes, or None; `by_owner`: the one parent is the owner of what is named. `gifts`: places of what it gives to the handle at `taker`;
    `changed`: kind of what it may replace below that one, '' for all, None: nothing."""

    def __init__(self, birth, parents, gone, given, label, number, by_owner, gifts, taker, changed):
        self.birth, self.parents, self.gone, self.given, self.label, self.number, self.by_owner = birth, parents, gone, given, label, number, by_owner
        self.gifts, self.taker, self.changed = gifts, taker, changed


GIFTS_MAX = 2  # YOUNG_GIFTS of young.h


def is_young_gift(function, e, kinds):
    """A gift of handles that may be young to one that may be. What is the caller's again when the call fails is so in any case when the taker is its result, which
    there is not then."""
    taker = function.result_kind if e.object == RESULT else function.kind_at(e.to) if e.object >= 0 else None
    return (e.form in (DIRECT, ARRAY) and e.subject >= 0 and e.to.form == DIRECT and not (e.at.owner or e.to.owner or e.counted) and (not e.unless_failed or e.object == RESULT) and
            e.kind in kinds and taker in kinds)


def plan_of(family, used, kinds):
    """The plan of a function whose contract says nothing that needs the tracker at once; None: it goes the slow way."""
    function = family[0]
    plans = []
    for f in family:
        birth, parents, gone, given, label, number, by_owner = None, [], None, False, None, None, False
        gifts, taker, changed, itself = [], None, None, False
        for e in f.effects:
            direct = e.form == DIRECT and e.to.form == DIRECT and not e.at.owner and not e.counted and not e.unless_failed
            plain = direct and not e.to.owner
            sure = not e.condition or (e.condition[1] == 'given' and used[e.condition[0]] is not None)
            if e.verb == 'label':
                if e.condition or (e.text is None and e.counted):
                    return None
                label, number = e.text, None if e.text is not None else e.at.position
            elif e.verb == 'returns' and plain and not e.condition and e.subject >= 0:
                itself = True  # nothing is lent then: the wrapper looks
            elif e.verb in ('new', 'borrows') and plain and not e.condition and e.subject == RESULT and birth is None and may_be_young(e.kind) and f.machine == 'void *':
                if e.verb == 'borrows' and (e.object < 0 or not f.kind_at(e.to)):
                    return None
                birth = e
            elif e.verb in ('depends', 'needs', 'advises') and direct and not e.condition and e.subject == RESULT and e.object >= 0 and len(parents) < 2 and f.kind_at(e.to):
                parents.append((e.object, e.verb))
                by_owner = by_owner or e.to.owner
            elif e.verb in ('frees', 'takes') and plain and sure and e.subject >= 0 and e.object == NONE and gone is None and may_be_young(e.kind) and used[e.subject]:
                gone, given = e.subject, e.verb == 'takes'
            elif e.verb == 'takes' and is_young_gift(f, e, kinds) and sure and e.object in (taker, taker if taker is not None else e.object) and len(gifts) < GIFTS_MAX:
                gifts.append(e.at)
                taker = e.object
            elif e.verb == 'invalidates' and e.subject == NONE and plain and not e.condition and e.object >= 0 and changed is None and f.kind_at(e.to) in kinds and \
                    e.object == (taker if taker is not None else e.object):
                changed, taker = e.kind or '', e.object
            else:
                return None
        if (gifts or changed is not None) and (parents or gone is not None or label or number is not None or (birth is None) == (taker == RESULT) or (birth is not None and birth.verb != 'new')):
            return None
        if birth is not None and birth.verb == 'borrows' and (parents or gone is not None) or itself and (birth is None or birth.verb != 'borrows'):
            return None
        if by_owner and len(parents) > 1:
            return None
        if birth is None and (parents or gone is None) and taker is None or birth is not None and gone is not None and not given:
            return None
        places = [vars(place) for place in gifts]
        plans.append(((birth.verb, birth.kind, birth.object) if birth else None, parents, gone, given, label, number, by_owner, places, taker, changed, birth, gifts))
    if not plans or any(plan[:10] != plans[0][:10] for plan in plans):
        return None
    _, parents, gone, given, label, number, by_owner, _, taker, changed, birth, gifts = plans[0]
    return Plan(birth, parents, gone, given, label, number, by_owner, gifts, taker, changed)


EDGES = {'depends': 'EDGE_DEPENDANT', 'needs': 'EDGE_NEEDED', 'advises': 'EDGE_ADVICE'}


def first_kinds(family):
    """For each parameter the kind as which any version must have it alive."""
    return [next((kind for kind in kinds if kind), None) for kinds in zip(*(used_kinds(f) for f in family))]


def success_of(function):
    """What a free that is postponed returns, with a space in front."""
    return '' if function.machine == 'void' else ' ' + value(function, function.succeeds, None if function.machine.startswith('struct') else '0' if function.machine != 'void *' else 'NULL')


def write_birth(out, function, plan):
    kinds = [function.kind_at(Place(position)) for position, _ in plan.parents]
    edges = [EDGES[verb] for _, verb in plan.parents]
    if plan.birth.verb == 'borrows':
        kinds, edges = [function.kind_at(plan.birth.to)], ['EDGE_BORROWED']
    kinds += ['none'] * (2 - len(kinds))
    edges += ['0'] * (2 - len(edges))
    out.write(f'static BIRTH struct young_birth birth_{function.name} = {{FUNCTION_{function.name}, KIND_{plan.birth.kind}, {int(plan.birth.verb == "borrows")}, {int(plan.number is not None)}, '
              f'{int(plan.by_owner or any(KINDS[function.kind_at(Place(position))]["counted"] is not None for position, _ in plan.parents))}, {int(plan.by_owner)}, '
              f'{{{", ".join("KIND_" + kind for kind in kinds)}}}, {{{", ".join(edges)}}}, {c_string(plan.label)}}};\n')


def write_giving(out, function, plan):
    kinds = {at.position: function.kind_at(at) for at in plan.gifts}
    gifts = ', '.join(f'{{{place(at)}, KIND_{kinds[at.position]}}}' for at in plan.gifts)
    taker = function.kind_at(Place(plan.taker))
    changed = f'KIND_{plan.changed}' if plan.changed else '0'
    birth = f'&birth_{function.name}' if plan.birth is not None else 'NULL'
    out.write(f'static const struct young_giving giving_{function.name} = {{FUNCTION_{function.name}, {plan.taker}, KIND_{taker}, {int(plan.changed is not None)}, {changed}, {len(plan.gifts)}, '
              f'{{{gifts or "{{0}, 0}"}}}, {birth}}};\n')


def enters(function, serial):
    """Enter the tree of a call's first handle of one; else the slow path."""
    handle, kind = serial[0]
    call = f'slow_{function.name}({", ".join([f"a{position}" for position in range(len(function.parameters))] + ["caller"])});'
    leave = f'        {call}\n        return;\n' if function.machine == 'void' else f'        return {call}\n'
    return (f'    struct tree_use use __attribute__((cleanup(tree_leave))) = {{.function = FUNCTION_{function.name}, .kind = KIND_{kind}, .caller = caller, .handle = (uintptr_t){handle}}};\n'
            f'    if (unlikely(!alone() && !tree_enter_quickly(&use, good_index((uintptr_t){handle}), {"true" if len(serial) == 1 else "false"})))\n    {{\n{leave}    }}\n')


def write_young(out, function, plan, declarations, words, serial):
    """young_NAME: a call whose handles are fine and that brings, frees, takes or changes a young handle."""
    names = [f'a{position}' for position in range(len(function.parameters))]
    types = ', '.join(p.machine for p in function.parameters) or 'void'
    name, nothing = f'FUNCTION_{function.name}', function.machine == 'void'
    result = function.machine + ('' if function.machine.endswith('*') else ' ')
    number = f'(int32_t){names[plan.number]}' if plan.number is not None else '0'
    parents = [f'(uintptr_t){names[position]}' for position, _ in plan.parents] + ['0', '0']
    out.write(f'APART {result}young_{function.name}({", ".join([*declarations, "uintptr_t caller", "const struct view *view"])})\n{{\n'
              f'    {result}(*real)({types}) = ({result}(*)({types}))known_real(view, {name});\n{enters(function, serial) if serial else ""}')
    if plan.gone is not None:
        kind = function.parameters[plan.gone].kind
        slow = f'slow_{function.name}({", ".join([*names, "caller"])});'
        slow = f'        {slow}\n        return;\n' if nothing else f'        return {slow}\n'
        out.write('    struct young_death death __attribute__((cleanup(young_died)));\n'
                  f'    switch (VISIT(young_dying(&death, view, {name}, KIND_{kind}, caller, (uintptr_t){names[plan.gone]}, {"true" if plan.given else "false"})))\n    {{\n'
                  f'    case YOUNG_NO:\n{slow}    case YOUNG_HELD:\n        return{success_of(function)};\n    case YOUNG_GOES:\n        break;\n    }}\n')
    call = f'real({", ".join(names)});'
    if plan.taker is not None:
        slow = f'slow_{function.name}({", ".join([*names, "caller"])});'
        out.write(f'    const uintptr_t arguments[] = {{{words}}};\n    struct young_gift gift __attribute__((cleanup(young_gift_left)));\n'
                  f'    if (unlikely(!VISIT(young_gives(&gift, view, &giving_{function.name}, caller, arguments))))\n    {{\n')
        out.write(f'        {slow}\n        return;\n    }}\n' if nothing else f'        return {slow}\n    }}\n')
    out.write('    struct provider *outer = calling_provider;\n    calling_provider = view->provider;\n'
              f'    {call if nothing else result + "result = " + call}\n    calling_provider = outer;\n')
    if plan.taker is not None:
        word = '(uintptr_t)result' if function.machine == 'void *' else '0' if nothing or function.machine.startswith('struct') or function.machine in FLOATS.values() else '(uintptr_t)(intptr_t)result'
        out.write(f'    if (gift.set != NULL)\n        VISIT_VOID(young_gave(&gift, {word}));\n')
        out.write('' if nothing else '    return result;\n')
    elif plan.birth is not None:
        if plan.gone is not None:
            out.write('    young_died(&death);\n')
        out.write(f'    if (likely(result == NULL || VISIT(young_born(view, &birth_{function.name}, caller, (uintptr_t)result, {parents[0]}, {parents[1]}, {number}))))\n        return result;\n'
                  f'    const uintptr_t arguments[] = {{{words}}};\n    return (void *)VISIT(call_brought(view, {name}, caller, arguments, (uintptr_t)result));\n')
    elif not nothing:
        out.write('    return result;\n')
    out.write('}\n')


def write_nop(out, function):
    """A wrapper of the nop build: no caller, no check, no effect."""
    names = [f'a{position}' for position in range(len(function.parameters))]
    declared = ', '.join(f'{p.machine}{"" if p.machine.endswith("*") else " "}{n}' for p, n in zip(function.parameters, names)) or 'void'
    types = ', '.join(p.machine for p in function.parameters) or 'void'
    result = function.machine + ('' if function.machine.endswith('*') else ' ')
    back = '' if function.machine == 'void' else 'return '
    # The first call is another function, so that the usual one is a jump that saves no register.
    type_, arguments = f'({result}(*)({types}))', ', '.join(names)
    stop = '\n        return;\n    }\n' if function.machine == 'void' else '\n    }\n'
    out.write(f'\n{result}{function.name}({types});\n'
              f'static __attribute__((noinline, cold)) {result}first_{function.name}({declared})\n{{\n'
              f'    {back}({type_}nop_resolve(FUNCTION_{function.name}, "{function.name}"))({arguments});\n}}\n'
              f'WRAPPER {result}{function.name}({declared})\n{{\n'
              f'    void *real = atomic_load_explicit(&nop_real[FUNCTION_{function.name}], memory_order_relaxed);\n'
              f'    if (likely(real != NULL))\n    {{\n        {back}({type_}real)({arguments});{stop}'
              f'    {back}first_{function.name}({arguments});\n}}\n')


# On x86-64 these come back in memory that the caller gives: the function gets its address before the arguments, and returns it. A compiler that is told of a structure makes a call
# out of what could be a jump, and copies arguments that are a structure, too; told of the address it jumps.
IN_MEMORY = ('struct pj_coord', 'struct pj_factors', 'struct pj_proj_info', 'struct pj_lpz')


def write_wrapper(out, family, kinds):
    """The functions that wrap one: see wrap.h. `kinds`: of which there are young handles."""
    function = family[0]
    names = [f'a{position}' for position in range(len(function.parameters))]
    declarations = [f'{p.machine}{"" if p.machine.endswith("*") else " "}{n}' for p, n in zip(function.parameters, names)]
    types = ', '.join(p.machine for p in function.parameters) or 'void'
    call, cast = f'real({", ".join(names)})', f'({function.machine} (*)({types}))'
    nothing = function.machine == 'void'
    result = function.machine + ('' if function.machine.endswith('*') else ' ')
    back = '' if nothing else 'return '
    number = f'FUNCTION_{function.name}'
    used = used_kinds(function)
    serial = [] if all(f.any_thread for f in family) else [(name, kind) for name, kind in zip(names, used) if kind and KINDS[kind]['serial']]
    good = [f'known_string({name})' if kind == 'string' else f'known_good(view, {name}, KIND_{kind})' for name, kind in zip(names, used) if kind]
    # Which call it is, and on which handle, for whoever asks when the process has crashed. The good cache has that handle as the same word.
    first = next(((name, kind) for name, kind in zip(names, used) if kind and kind != 'string'), None)
    noted = f'call_noted({number}, {"first_entry" if first else "0"});'
    if first:
        good = [f'known_good_entry({first[0]}, first_entry)' if text == f'known_good(view, {first[0]}, KIND_{first[1]})' else text for text in good]
    words = ', '.join(word_of(p, n) for p, n in zip(function.parameters, names)) or '0'
    single = family[0].effects if len(family) == 1 else []
    core = [e for e in single if e.verb != 'label']
    same = [e for e in core if e.verb == 'returns']
    core = [e for e in core if e.verb != 'returns']
    simple = not any(f.effects for f in family)
    lends = core and not same and all(e.verb == 'lends' and e.form == DIRECT and e.subject == RESULT and not e.condition for e in core) and function.machine == 'void *'
    borrows = (len(core) == 1 and core[0].verb == 'borrows' and core[0].form == DIRECT and (core[0].object >= 0 or core[0].object == GLOBAL) and good and
               all(e.form == DIRECT and e.subject >= 0 and not e.condition for e in same))
    parent = (names[core[0].object] if core[0].object >= 0 else 'NULL') if lends or borrows else None
    # Memory that it frees and of which nothing is known: a call like any other.
    discards = core and not same and not serial and not worldly(function) and all(e.verb == 'discards' and e.form == DIRECT and e.subject >= 0 and not e.condition for e in core)

    in_memory = False

    def jump(target, *more, indent='    '):
        """A last call, after which nothing is left to do."""
        if in_memory:
            return f'{indent}return {target if target == "real" else "in_memory_" + target}({", ".join(["result", *names, *more])});\n'
        text = f'{target}({", ".join([*names, *more])});'
        return f'{indent}{text}\n{indent}return;\n' if nothing else f'{indent}return {text}\n'

    def passes(indent):
        """What is left of a call whose handles are all fine."""
        if simple and in_memory:
            return jump('real', indent=indent)
        if simple:
            return f'{indent}{back}{call};\n' if not nothing else f'{indent}{call};\n{indent}return;\n'
        lines = ['struct provider *outer = calling_provider;', 'calling_provider = view->provider;', f'{result}result = {call};', 'calling_provider = outer;']
        if lends:
            lines += [f'string_remember((uintptr_t)result, (uintptr_t){parent}, {number}, caller);']
        else:
            young = ''
            if plan is not None and plan.birth is not None and plan.birth.verb == 'borrows':
                label = f'(int32_t){names[plan.number]}' if plan.number is not None else '0'
                young = f' && !(young_ready(view) && VISIT(young_lent(view, &birth_{function.name}, caller, (uintptr_t)result, (uintptr_t){parent}, {label})))'
            itself = ''.join(f'result != {names[e.subject]} && ' for e in same)
            known = f'known_loan(view, {parent}, result, KIND_{core[0].kind})' if core[0].object >= 0 else f'known_global_loan(view, result, KIND_{core[0].kind})'
            lines += [f'if (unlikely({itself}!{known}){young})', '{', f'    const uintptr_t arguments[] = {{{words}}};',
                      f'    VISIT(call_brought(view, {number}, caller, arguments, (uintptr_t)result));', '}']
        return ''.join(f'{indent}{line}\n' for line in [*lines, 'return result;'])

    out.write(f'\n{result}{function.name}({types});\n')
    apart_too = simple and bool(good) and bool(serial)
    if apart_too:
        out.write(f'APART {result}threads_{function.name}({", ".join(declarations + ["uintptr_t caller", "const struct view *view"])});\n')
    write_slow(out, family, declarations, words, good, simple, apart_too)
    quick = simple or lends or borrows
    plan = None if simple or lends else plan_of(family, first_kinds(family), kinds)
    if plan is not None and plan.birth is not None:
        write_birth(out, function, plan)
    if plan is not None and plan.taker is not None:
        write_giving(out, function, plan)
    young = plan is not None and not (plan.birth is not None and plan.birth.verb == 'borrows')
    # Of what is gone at the end nobody can say then of which tree it was.
    apart = young and serial and not (plan.gone is not None and serial[0][0] == names[plan.gone])
    if young:
        write_young(out, function, plan, declarations, words, serial if apart else [])
    # Nothing to look at: it is fine.
    fine = not worldly(function) if quick and not good else quick
    if fine and serial:
        out.write(f'APART {result}threads_{function.name}({", ".join(declarations + ["uintptr_t caller", "const struct view *view"])})\n{{\n'
                  f'    {result}(*real)({types}) = {cast}known_real(view, {number});\n{enters(function, serial)}{passes("    ")}}}\n')
    def write_fast(declared, real, cast):
        fine_ones = good
        out.write(f'WRAPPER {declared}\n{{\n'
                  f'    const uintptr_t caller = CALLER;\n'
                  f'    const struct view *view = known_view(caller, LIBRARY_{function.library});\n'
                  f'    {real} = view != NULL ? {cast}known_real(view, {number}) : NULL;\n'
                  f'    if (unlikely(real == NULL))\n    {{\n{jump(f"slow_{function.name}", "caller", indent="        ")}    }}\n')
        if (fine or young or discards) and first:
            out.write(f'    const uint64_t first_entry = known_entry(view, {first[0]}, KIND_{first[1]});\n')
        internal = f'    if (view->internal && call_counted())\n    {{\n{jump("real", indent="        ")}    }}\n'
        if simple and not first:
            out.write(internal)  # no handle tells that it is the library's own call
        if not simple:
            # What the library does for itself is no use, loan or birth of the program's.
            out.write(internal + f'    if (unlikely(view->internal))\n    {{\n{jump(f"slow_{function.name}", "caller", indent="        ")}    }}\n')
        if fine:
            out.write(f'    if (likely({" && ".join([*good, "call_counted()"])}))\n    {{\n        {noted}\n')
            if serial:
                out.write(f'        if (unlikely(!alone()))\n        {{\n{jump(f"threads_{function.name}", "caller", "view", indent="            ")}        }}\n')
            out.write(f'{passes("        ")}    }}\n')
        if discards:
            strangers = [f'memory_is_unknown({names[e.subject]})' for e in core]
            out.write(f'    if (likely({" && ".join([*good, *strangers, "call_counted()"])}))\n    {{\n        {noted}\n{jump("real", indent="        ")}    }}\n')
        if young:
            # Another version may use what this one does not: all that any of them uses is asked for.
            more = [f'known_good(view, {n}, KIND_{kind})' for n, kind, first in zip(names, first_kinds(family), used) if kind and kind != 'string' and not first]
            # Whether what is freed is good is judged where it is looked up.
            for gone in [plan.gone] if plan.gone is not None else [at.position for at in plan.gifts if at.form == DIRECT]:
                fine_ones = [f'{names[gone]} != NULL' if f'({names[gone]}, first_entry)' in text or text == f'known_good(view, {names[gone]}, KIND_{used[gone]})' else text for text in fine_ones]
            conditions = [*fine_ones, *more, *(['alone()'] if serial and not apart else []), 'young_ready(view)', 'call_counted()']
            out.write(f'    if (likely({" && ".join(conditions)}))\n    {{\n        {noted}\n{jump(f"young_{function.name}", "caller", "view", indent="        ")}    }}\n')
        if simple and first:
            out.write(internal)
        out.write(f'{jump(f"slow_{function.name}", "caller")}}}\n')

    if simple and first and function.machine in IN_MEMORY:
        in_memory = True
        heads, name = ', '.join(['void *result', *declarations]), f'in_memory_{function.name}'
        real_type = f'void *(*{{}})({", ".join(["void *", *(p.machine for p in function.parameters)])})'
        out.write(f'#if defined(__x86_64__)\nvoid *{name}({heads}) __asm__("{function.name}");\n')
        for target, more in [('slow', ['caller']), *([('threads', ['caller', 'view'])] if serial else [])]:
            types_of_more = ', '.join({'caller': 'uintptr_t caller', 'view': 'const struct view *view'}[one] for one in more)
            out.write(f'APART void *in_memory_{target}_{function.name}({heads}, {types_of_more})\n{{\n'
                      f'    *({function.machine} *)result = {target}_{function.name}({", ".join([*names, *more])});\n    return result;\n}}\n')
        write_fast(f'void *{name}({heads})', real_type.format('real'), f'({real_type.format("")})')
        in_memory = False
        out.write('#else\n')
    write_fast(f'{result}{function.name}({", ".join(declarations) or "void"})', f'{result}(*real)({types})', cast)
    if simple and first and function.machine in IN_MEMORY:
        out.write('#endif\n')


def write_slow(out, family, declarations, words, good, simple, apart_too):
    """All of a call, whatever is known of it. `good`: what its handles must pass."""
    function = family[0]
    names = [f'a{position}' for position in range(len(function.parameters))]
    types = ', '.join(p.machine for p in function.parameters) or 'void'
    call, nothing = f'real({", ".join(names)})', function.machine == 'void'
    result = function.machine + ('' if function.machine.endswith('*') else ' ')
    back = '' if nothing else 'return '
    out.write(f'APART {result}slow_{function.name}({", ".join(declarations + ["uintptr_t caller"])})\n{{\n'
              f'    const struct view *view = enter_call(caller, LIBRARY_{function.library});\n'
              f'    {result}(*real)({types}) = ({result}(*)({types}))real_function(view, FUNCTION_{function.name});\n')
    if nothing:
        out.write(f'    if (view->internal)\n    {{\n        {call};\n        return;\n    }}\n')
    else:
        out.write(f'    if (view->internal)\n        return {call};\n')
    failures = [] if nothing else [value(f, f.fails, default_failure(f)) for f in family if f.machine != 'void']
    failure = '' if nothing else ' ' + failures[0]
    if len(set(failures)) > 1:
        out.write(f'    const {result}failures[] = {{{", ".join(failures)}}};\n')
        failure = f' failures[variant_index(view, FUNCTION_{function.name}, {len(failures)})]'
    success = success_of(function)
    out.write(f'    const uintptr_t arguments[] = {{{words}}};\n')
    if apart_too:
        again = f'threads_{function.name}({", ".join([*names, "caller", "view"])});'
        out.write(f'    if (wide_filled(view, FUNCTION_{function.name}, arguments))\n    {{\n        {back}{again}\n' + ('        return;\n' if nothing else '') + '    }\n')
    if simple:
        out.write('    struct passing passing __attribute__((cleanup(call_passed)));\n')
        out.write(f'    if (!VISIT(call_uses(&passing, view, FUNCTION_{function.name}, caller, arguments)))\n        return{failure};\n    {back}{call};\n}}\n')
        return
    out.write('    struct call call __attribute__((cleanup(call_abandon)));\n    call.started = false;\n')
    out.write(f'    switch (VISIT(call_before(&call, view, FUNCTION_{function.name}, caller, arguments)))\n    {{\n    case CALL_REFUSED:\n        return{failure};\n    case CALL_DONE:\n        return{success};\n    case CALL_GO:\n        break;\n    }}\n')
    if nothing:
        out.write(f'    {call};\n    VISIT_VOID(call_after(&call, arguments, 0));\n}}\n')
    elif function.machine.startswith('struct') or function.machine in FLOATS.values():
        out.write(f'    {result}result = {call};\n    VISIT_VOID(call_after(&call, arguments, 0));\n    return result;\n}}\n')
    else:
        to_word = '(uintptr_t)' if function.machine == 'void *' else '(uintptr_t)(intptr_t)'
        out.write(f'    {result}result = {call};\n    VISIT_VOID(call_after(&call, arguments, {to_word}result));\n    return result;\n}}\n')


def main():
    parser = argparse.ArgumentParser(description='Turn contracts into wrappers and tables.')
    parser.add_argument('--out')
    parser.add_argument('--check', action='store_true')
    parser.add_argument('contracts', nargs='+')
    options = parser.parse_args()
    functions = parse(options.contracts)
    names = sorted(functions)
    if options.check or not options.out:
        count = sum(len(function.effects) > 0 for family in functions.values() for function in family)
        print(f'{len(names)} functions, {count} lines with effects')
        return
    os.makedirs(options.out, exist_ok=True)

    def emit(name, writer):
        with open(os.path.join(options.out, name), 'w', encoding='utf-8') as out:
            writer(out)

    emit('functions.h', lambda out: write_header(out, names))
    emit('functions.c', lambda out: write_tables(out, functions, names))

    kinds = young_kinds(functions)

    def wrappers(library):
        def write(out):
            out.write('/* Generated from the contracts by generate.py: thin wrappers, see wrap.h. */\n#include "wrap.h"\n')
            for name in names:
                if functions[name][0].library == library:
                    write_wrapper(out, functions[name], kinds)
        return write
    for library in LIBRARIES:
        emit(f'wrappers_{library}.c', wrappers(library))

    def nop(out):
        out.write('/* Generated from the contracts by generate.py: the wrappers of the nop build, see nop.c. */\n#include "nop.h"\n')
        for name in names:
            write_nop(out, functions[name][0])
    emit('wrappers_nop.c', nop)
    emit('exports.map', lambda out: out.write('{\n  global:\n    free; realloc; dlsym; dlclose; holdfast_*;\n    sigaction; signal; bsd_signal; ssignal; sysv_signal; __sysv_signal; sigset; sigignore; siginterrupt; sigaltstack;\n    _exit; _Exit; execl; execle; execlp; execv; execve; execveat; execvp; execvpe; fexecve;\n' + ''.join(f'    {name};\n' for name in names) + '  local: *;\n};\n'))


if __name__ == '__main__':
    main()
