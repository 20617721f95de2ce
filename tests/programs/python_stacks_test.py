"""Are the Python frames of a stack those that the interpreter itself would show there?

scripts/python_stacks.py makes violations in some 500 places (generators, coroutines, threads, callbacks from C, objects that die, exceptions in
flight, tracing, monitoring, code that dies and is born again, recursion, subinterpreters, fork) and writes down sys._getframe() at each;
the stacks of the reports must be the same, frame for frame, those that were read and those that were recalled. Then it makes hundreds of
thousands of events at random under verify_stacks=1, where each recalled stack is read once more: one difference ends the process.

Debian's Python is always tested, python3.11-dbg and whatever pyenv has where they are there; further ones come by HOLDFAST_TEST_PYTHONS,
commands separated by ':' (each is called with LD_PRELOAD set).
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

from support import LIBRARY, PYTHON, SCRIPTS, check, environment, finish, run, skip, workshop

SCRIPT = SCRIPTS / "python_stacks.py"
EVENTS = int(os.environ.get("HOLDFAST_TEST_EVENTS", "300000"))
DEPTH = 64


def counts_offset():
    """Where the library has python_frame_counts(); None in a stripped one."""
    symbols = subprocess.run(["nm", LIBRARY], capture_output=True, text=True).stdout
    match = re.search(r"^([0-9a-f]+) t python_frame_counts$", symbols, re.MULTILINE)
    return int(match.group(1), 16) if match else None


OFFSET = counts_offset()


def pythons():
    found = [PYTHON]
    debug = shutil.which("python3.11-dbg")
    if debug:
        found.append(debug)
    else:
        skip("python3.11-dbg", "not installed")
    home = pathlib.Path(os.environ.get("PYENV_ROOT") or pathlib.Path.home() / ".pyenv") / "versions"
    others = sorted(home.glob("3.*/bin/python3"), key=lambda path: [int(part) for part in path.parts[-3].split(".") if part.isdigit()])
    others = [str(path) for path in others if path.parts[-3].split(".")[1] not in "3 4 5 6"]
    if not others:
        skip("interpreters of pyenv", "there are none in %s" % home)
    return found + others + [word for word in os.environ.get("HOLDFAST_TEST_PYTHONS", "").split(":") if word]


def unknown_python(folder):
    """A copy of Debian's Python that says of itself to be an alpha release: its layout is not trusted, and it must write its frames down itself.
    None where there is nothing to change."""
    original = pathlib.Path(PYTHON).resolve()
    table = subprocess.run(["readelf", "-lW", "--dyn-syms", original], capture_output=True, text=True).stdout
    symbol = re.search(r"^ *\d+: ([0-9a-f]+) +8 OBJECT .* Py_Version$", table, re.MULTILINE)
    if symbol is None or " _Py_DumpTraceback" not in table:
        return None
    address = int(symbol.group(1), 16)
    for start, virtual, size in re.findall(r"^ *LOAD +0x([0-9a-f]+) 0x([0-9a-f]+) \S+ 0x([0-9a-f]+)", table, re.MULTILINE):
        offset = address - int(virtual, 16)
        if 0 <= offset < int(size, 16):
            image = bytearray(original.read_bytes())
            image[int(start, 16) + offset] = 0xa1
            copy = pathlib.Path(folder) / original.name
            copy.write_bytes(image)
            copy.chmod(0o755)
            return str(copy)
    return None


def describe(python):
    """(name, version, threads without GIL), None if it does not start or lacks what the script needs."""
    asked = "import sys, sysconfig, ctypes, asyncio; print(sys.version_info[0], sys.version_info[1], sysconfig.get_config_var('Py_GIL_DISABLED') or 0)"
    done = run([python, "-c", asked], preload=False)
    if done.status != 0:
        return None
    major, minor, free = map(int, done.stdout.split())
    return "%s (3.%d%s)" % (python, minor, " free-threaded" if free else ""), (major, minor), free


def read_reports(folder):
    for path in sorted(folder.glob("log.*")):
        for line in path.read_text().splitlines():
            report = json.loads(line)
            if report["type"] == "violation":
                yield report


def frames_of(stack):
    return [[frame["file"], frame["line"], frame["function"]] for frame in stack.get("python", [])]


def place_of(frames):
    match = re.match(r"<event (\d+)>$", frames[0][0]) if frames else None
    return match.group(1) if match else None


def same(expected, came, dumped):
    """What the interpreter writes down leaves open where some odd names end: then nothing is told of that frame."""
    if dumped and ["?", 0, "?"] in came and len(expected) == len(came):
        return all(one == other or (other == ["?", 0, "?"] and '"' in one[0]) for one, other in zip(expected, came))
    return expected == came


def difference(expected, came):
    for number, (one, other) in enumerate(zip(expected + [["(end)"]], came + [["(end)"]])):
        if one != other:
            return "frame %d: expected %s, came %s" % (number, one, other)
    return "%d frames, expected %d" % (len(came), len(expected))


def counts(result):
    match = re.search(r"^counts (\d+) (\d+) (\d+) (\d+)$", result.stdout, re.MULTILINE)
    return dict(zip(("recalled", "read", "dumped", "uncertain"), map(int, match.groups()))) if match else None


def counting():
    return {} if OFFSET is None else {"HOLDFAST_COUNTS": str(OFFSET)}


def check_truth(name, python, version, env, dumped):
    with workshop() as folder:
        result = run([python, SCRIPT, "truth", folder / "truth"], cwd=folder, timeout=300, env={**counting(), **env},
                     options={"log_format": "json", "log_path": folder / "log", "stack_depth": DEPTH, "verify_stacks": 1, "fence_max": 100000})
        if not check("%s: the program works" % name, result.status == 0, result):
            return
        truth = {}
        for path in folder.glob("truth*"):
            written = json.loads(path.read_text())
            for place, frames in written["places"].items():
                truth[path.suffix, place] = written["situation"][place], frames
        wrong, met, checked = [], set(), 0
        by_place = {}
        for (suffix, place), told in truth.items():
            by_place.setdefault(place, []).append((suffix, told))
        for report in read_reports(folder):
            used = frames_of(report["stacks"]["used"])
            place = place_of(used)
            if place is None:
                if used or version >= (3, 12):
                    wrong.append("a report from nowhere: %s" % used[:3])
                continue
            # A forked child counts on from its parent: the same place may be two.
            known = [(suffix, told) for suffix, told in by_place.get(place, []) if same(told[1][:DEPTH], used, dumped)]
            if not known:
                situation, expected = by_place[place][0][1] if place in by_place else ("nothing", [])
                wrong.append("%s, place %s: %s" % (situation, place, difference(expected[:DEPTH], used)))
                continue
            suffix, (situation, expected) = known[0]
            met.add((suffix, place))
            if not same(expected[:DEPTH], frames_of(report["stacks"]["freed"]), dumped):
                wrong.append("%s, place %s, freed: %s" % (situation, place, difference(expected[:DEPTH], frames_of(report["stacks"]["freed"]))))
            checked += 1
        missing = sorted({truth[key][0] for key in truth.keys() - met})
        allowed = ["without the GIL, several interpreters"] if version < (3, 12) else []
        if dumped: # it cannot know which
            allowed += ["subinterpreter", "subinterpreters"]
        check("%s: the frames of %d places are those of the interpreter" % (name, checked), not wrong and checked > 300, "\n".join(wrong[:12]) or checked)
        check("%s: each place has its report" % name, set(missing) <= set(allowed), missing)
        told = counts(result)
        if told is not None:
            check("%s: %d stacks were recalled, %d read, %d written down by the interpreter" % (name, told["recalled"], told["read"], told["dumped"]),
                  told["dumped"] > 300 and told["recalled"] + told["read"] == 0 if dumped else told["recalled"] > 300 and told["dumped"] == 0, told)


def check_many(name, python, version, env, dumped):
    events = EVENTS // 50 if dumped else EVENTS
    seed = 1 + sum(version)
    result = run([python, SCRIPT, "many", events, seed], options={"verify_stacks": 1}, timeout=600, env={**counting(), **env})
    check("%s: %d events at random" % (name, events), result.status == 0 and not result.reports, result)
    told = counts(result)
    if told is not None and not dumped:
        check("%s: of these %d recalled, %d read" % (name, told["recalled"], told["read"]),
              told["recalled"] > events // 2 and told["uncertain"] == 0, told)


def check_python(name, python, version, env, dumped):
    check_truth(name, python, version, env, dumped)
    check_many(name, python, version, env, dumped)


def main():
    if OFFSET is None:
        skip("counting recalled stacks", "the library has no symbol table")
    for number, python in enumerate(pythons()):
        described = describe(python)
        if described is None:
            skip(python, "does not start, or has no ctypes")
            continue
        name, version, free = described
        check_python(name, python, version, {}, dumped=version < (3, 9))
        if number == 0 or free:
            setting = ("PYTHONMALLOC", "malloc") if not free else ("PYTHON_GIL", "1")
            check_python("%s, %s=%s" % (name, *setting), python, version, dict([setting]), dumped=False)
    with workshop() as folder:
        unknown = unknown_python(folder)
        if unknown is None:
            skip("an interpreter that is not known", "%s exports no version, or nothing that writes frames down" % PYTHON)
        else:
            check_python("an interpreter that is not known", unknown, sys.version_info[:2],
                         {"PYTHONHOME": sys.base_prefix, "HOLDFAST_PLAIN_NAMES": "1"}, dumped=True)
    sys.exit(finish())


main()
