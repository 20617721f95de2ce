"""What Holdfast and other tools find in the wrong programs of the zoo. README.md says what counts. Each wrong program runs once under each tool,
and its right twin too where something came: what is said of both does not count. Takes hours; with --resume a run goes on where the JSON of
an earlier one ends.
"""
import dataclasses
import pathlib
import re
import shutil
import sys
import tempfile
import time

import figures
import harness
import tools

TIMEOUT_S = 300
TEXT_LIMIT = 1 << 27  # characters; a trace of calls can be long
QUICK = ("bad_band_after_close", "bad_geometry_destroyed_twice")


@dataclasses.dataclass
class Finding:
    """What a tool said of one run."""
    kinds: set
    crashed: bool
    bad_exit: bool
    frees: str
    seconds: float


def look(bench, zoo, tool, program, original):
    """One program of the zoo under a tool; None if it cannot be run."""
    folder = pathlib.Path(tempfile.mkdtemp(dir=bench.scratch))
    try:
        shutil.copytree(original, folder / "data")
        (folder / "log").mkdir()
        log = str(folder / "log")
        argv = [*program.argv, str(folder / "data")]
        if tool.compiled:
            own = tools.compiled(bench, program.source, ["-O0"])
            if own is None:
                return None
            argv = [own, *argv[1:]]
        environment = {"OGR_CURRENT_DATE": "2020-01-01T00:00:00Z", **tool.environment(program.language, log)}
        if tool.preload:
            environment["LD_PRELOAD"] = tool.preload
        start = time.monotonic()
        if tool.holdfast:
            result = harness.run(argv, options={"mode": tool.holdfast, **zoo.options_of(program)}, env=environment, timeout=TIMEOUT_S, cwd=folder)
        else:
            result = harness.run(tool.wrap(argv, log), preload=False, env=environment, timeout=TIMEOUT_S, cwd=folder)
        seconds = time.monotonic() - start
        text = result.stdout + result.stderr + words_in(folder / "log")
        kinds, frees = tool.kinds(text), tool.frees(text)
        if tool.holdfast:
            reports = harness.symbolized(result) if program.language == "c" else result.reports
            kinds, frees = {report["rule"] for report in result.reports}, "\n".join(places(report["stacks"].get("freed")) for report in reports)
        crashed = result.signal is not None or tool.crashed(text) or (result.status or 0) > 128
        return Finding(kinds, crashed, result.status not in (0, None) and not crashed, frees, seconds)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def words_in(folder):
    """What a tool wrote into files, as far as it is text."""
    words = []
    for path in sorted(folder.iterdir()):
        if path.is_file() and not path.name.startswith(("heaptrack", "memray")):
            with open(path, encoding="utf-8", errors="replace") as file:
                words.append(file.read(TEXT_LIMIT))
    return "".join(words)


def places(stack):
    frames = stack["python"] + stack["native"] if stack else []
    return " ".join("%s:%s" % (pathlib.Path(frame["file"]).name, frame["line"]) for frame in frames if frame.get("file") and frame.get("line"))


def free_places(program):
    """FILE:LINE of the program's own free; those of the lines that are marked so."""
    lines = [number for number, line in enumerate(program.text.splitlines(), 1)
             if (comment := re.search(r"(?:#|/\*) ((?:\w+ )*\w+)(?: \*/)?$", line)) and re.search(r"\bfreed\d?\b", comment.group(1))]
    return ["%s:%d" % (program.source.name, line) for line in lines]


def names_free(program, frees):
    """None where the program frees nothing."""
    wanted = free_places(program)
    return any(re.search(re.escape(place) + r"\b", frees) for place in wanted) if wanted else None


def found(bench, zoo, tool, program, twin, original):
    """The row of one program under one tool. What comes for the right twin, too, does not count."""
    finding = look(bench, zoo, tool, program, original)
    if finding is None:
        return None
    row = {"tool": tool.name, "program": program.source.name, "seconds": round(finding.seconds, 2), "diagnosed": sorted(finding.kinds),
           "crashed": finding.crashed, "bad_exit": finding.bad_exit, "free_named": names_free(program, finding.frees)}
    if finding.kinds or finding.crashed or finding.bad_exit:
        other = look(bench, zoo, tool, twin, original)
        if other:
            row.update(diagnosed=sorted(finding.kinds - other.kinds), crashed=finding.crashed and not other.crashed, bad_exit=finding.bad_exit and not other.bad_exit,
                       twin={"diagnosed": sorted(other.kinds), "crashed": other.crashed, "bad_exit": other.bad_exit})
    row["free_named"] = row["free_named"] and bool(row["diagnosed"]) if row["free_named"] is not None else None
    return row


def zoo_of(bench):
    """(module zoo, {file name: program} on Debian's libraries, folder of its data)"""
    sys.path.append(str(bench.root / "tests" / "zoo"))  # a folder of programs, no package
    import data
    import stacks
    import zoo
    folder, original = bench.root / "tests" / "zoo", bench.scratch / "zoo"
    (bench.scratch / "stack").mkdir()
    stack = stacks.prepare("debian", bench.build, bench.scratch / "stack")
    original.mkdir()
    data.make(original)
    programs = {path.name: zoo.Program(path, bench.build, stack) for path in sorted(folder.iterdir()) if re.fullmatch(r"(bad|ok)_\w+\.(c|py)", path.name)}
    return zoo, programs, original


def cells(name, rows):
    """One line of the table: what counts as found is said once, by its best sign."""
    diagnosed = [row for row in rows if row["diagnosed"]]
    crashed = [row for row in rows if row["crashed"] and not row["diagnosed"]]
    exits = [row for row in rows if row["bad_exit"] and not row["diagnosed"] and not row["crashed"]]
    freed = [row["free_named"] for row in rows if row["free_named"] is not None]
    return [name, len(rows), len(diagnosed), len(crashed), len(exits), len(rows) - len(diagnosed) - len(crashed) - len(exits), sum(freed), len(freed),
            figures.short(figures.spread([row["seconds"] for row in rows])["median"])]


def run(bench):
    """The rows."""
    harness.use_build(bench.build)
    zoo, programs, original = zoo_of(bench)
    wrong = [program for name, program in programs.items() if program.bad and program.runs() and bench.wants("findings/" + name)]
    wrong = [program for program in wrong if program.name in QUICK] if bench.quick else wrong
    table = figures.Table("Wrong programs of the zoo: how many a tool finds, and for how many it names the place of the free",
                          ["tool", "programs", "diagnosed", "crash alone", "status alone", "nothing", "free named", "of", "median s"], [16, 8, 9, 11, 12, 8, 10, 4, 8])
    rows = bench.earlier("findings")
    done = {(row["tool"], row["program"]) for row in rows}
    for tool in tools.present(bench):
        for program in wrong:
            if program.language not in tool.languages or (tool.name, program.source.name) in done:
                continue
            row = found(bench, zoo, tool, program, programs["ok_" + program.source.name[4:]], original)
            if row:
                rows.append(row)
                bench.keep("findings", rows)
        own = [row for row in rows if row["tool"] == tool.name]
        if own:
            table.row(cells(tool.name, own))
    return rows
