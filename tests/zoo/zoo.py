"""The zoo: small wrong programs with the reports that they must give, and right twins that must stay silent.

    zoo.py SOURCE BUILD MODE [--stack STACK] [--option NAME=VALUE ...] [NAME ...]
                                            SOURCE: the repository; MODE: report, defer, reject, or bare (without Holdfast);
                                            STACK: whose libraries and packages, see stacks.py; debian if it is not there;
                                            --option: of Holdfast, for all programs;
                                            NAME: bad_band_after_close, or band_after_close for all of that name
Exit status 77: the stack is not there.

bad_NAME.c, bad_NAME.py   makes one mistake. NAME.expect says what must come.
ok_NAME.c, ok_NAME.py     does the same work rightly, or something that only looks wrong: no report in any mode, and the same output,
                          exit status and files as without Holdfast.
Programs know nothing of Holdfast. Their one argument is a folder of their own with the files of data.py. A Python program runs on the stacks
that have the packages it imports. A program that needs certain stacks or versions says so in a line of its own: `# needs shapely>=2`,
`/* needs debian rasterio */`.

NAME.expect, a line each:
    HF101 band used=GDALChecksumImage obtained=GDALGetRasterBand freed=GDALClose action=kept: MESSAGE
                        one report: rule, kind of the handle, by which C function it was used, obtained, freed, and on which
                        lines: those that end in the comment `used`, `obtained`, `freed`, `other` (used=F@used2: in `used2`; used=-: no
                        such stack). action: what Holdfast did; the message is optional. Reports come in this order, and no others.
    prints TEXT         a line of standard output (all of them, in this order)
    stderr TEXT         standard error contains this
    options NAME=VALUE  options of Holdfast for the wrong program and its twin, in all modes
    exit N              exit status, 0 if the line is not there
    may crash           or may do anything else: only the log counts
    crashes             must die of a signal
    # TEXT              a comment
    [defer reject py gdal>=3.9]
                        the lines below, up to the next such line, hold only for these modes, languages, stacks (rasterio) and versions of
                        libraries (gdal, geos, proj: C programs) or packages (shapely<2: Python programs): one of the modes, one of the
                        languages, one of the stacks, and all versions. [all]: for all.
"""
import ast
import concurrent.futures
import pathlib
import re
import shutil
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import data
import harness
import stacks

MODES = ("report", "defer", "reject", "bare")
ROLES = ("used", "obtained", "freed", "other")
MARKER = r"(?:used|obtained|freed|other)\d?"
NOTHING_DEFERRED = ("ok_ten_thousand.py",)  # right programs of which not a single free may be postponed
CONDITION = re.compile(r"(gdal|geos|proj|%s)(>=|<)([\d.]+)" % "|".join(stacks.PACKAGES))
INSTALLED = ("/osgeo/", "/site-packages/", "/dist-packages/", "/lib/python3", "<frozen", "sitecustomize.py")  # not the program's own frames


def holds_for(words, stack):
    """Whether the names of stacks among the words have this one, and all versions among them (`gdal>=3.9`) are true of it. What it has
    no version of is not there."""
    names = [word for word in words if word in stacks.NAMES]
    if names and stack.name not in names:
        return False
    for what, sign, number in [match.groups() for match in map(CONDITION.fullmatch, words) if match]:
        if what not in stack.versions or (stack.versions[what] >= stacks.version(number)) != (sign == ">="):
            return False
    return True


class Program:
    """One file of the zoo, and how to start it."""

    def __init__(self, source, build, stack):
        self.source = source
        self.name = source.stem
        self.language = source.suffix[1:]
        self.bad = self.name.startswith("bad_")
        compiled = build / "tests" / "zoo" / source.name.replace(".", "_")
        self.argv = [str(compiled)] if self.language == "c" else [stack.python, str(source)]
        self.text = source.read_text()
        self.stack = stack
        self.expectations = source.parent / (self.name.split("_", 1)[1] + ".expect")

    def runs(self):
        """Whether the stack has what the program needs."""
        if self.language not in self.stack.languages:
            return False
        imported = set(re.findall(r"^\s*(?:import|from) (\w+)", self.text, re.MULTILINE)) & set(stacks.PACKAGES)
        imported = imported if self.language == "py" else set()
        # osgeo is Debian's alone, its version is GDAL's
        there = all(self.stack.name == "debian" if package == "osgeo" else package in self.stack.versions for package in imported)
        needs = [word for line in re.findall(r"^(?:#|/\*) needs (.*?)(?: \*/)?$", self.text, re.MULTILINE) for word in line.split()]
        unknown = [word for word in needs if word not in stacks.NAMES and not CONDITION.fullmatch(word)]
        if unknown:
            raise SystemExit("%s: not understood: needs %s" % (self.source, " ".join(unknown)))
        return there and holds_for(needs, self.stack)

    def marked_line(self, marker):
        """The number of the one line whose comment at the end has this marker, 0 if there is none."""
        found = [number for number, line in enumerate(self.text.splitlines(), 1)
                 if (comment := re.search(r"(?:#|/\*) (%s(?: %s)*)(?: \*/)?$" % (MARKER, MARKER), line)) and marker in comment.group(1).split()]
        if len(found) > 1:
            raise SystemExit("%s: %d lines are marked `%s`" % (self.source, len(found), marker))
        return found[0] if found else 0

    def function_at(self, line):
        """The qualified name of the innermost Python function around a line."""
        def search(node, path):
            best = path
            for child in ast.iter_child_nodes(node):
                inner = path
                if isinstance(child, (ast.FunctionDef, ast.ClassDef)) and child.lineno <= line <= child.end_lineno:
                    inner = path + ([] if isinstance(node, (ast.Module, ast.ClassDef)) else ["<locals>"]) + [child.name]
                deeper = search(child, inner)
                best = deeper if len(deeper) > len(best) else best
            return best
        return ".".join(search(ast.parse(self.text), [])) or "<module>"


class Expected:
    """What NAME.expect says for one mode, language and stack."""

    def __init__(self, path, mode, language, stack):
        self.reports, self.printed, self.stderr = [], [], []
        self.exit, self.may_crash, self.crashes, self.mentioned = 0, False, False, False
        holds = True
        for number, line in enumerate(path.read_text().splitlines(), 1):
            word, _, rest = line.partition(" ")
            if not line or word in ("#", "options"):
                continue
            if line.startswith("["):
                words = line.strip("[]").split()
                modes, languages = set(words) & set(MODES), set(words) & {"c", "py"}
                rest = set(words) - modes - languages - {"all"} - set(stacks.NAMES)
                if not all(CONDITION.fullmatch(word) for word in rest):
                    raise SystemExit("%s:%d: an unknown mode, language, stack or library in %s" % (path, number, line))
                holds = ("bare" in modes if mode == "bare" else not modes or mode in modes) and (not languages or language in languages)
                holds = holds and holds_for(words, stack)
                self.mentioned = self.mentioned or (holds and mode in modes)
            elif holds and mode != "bare" or holds and self.mentioned:
                self.take(path, number, word, rest)

    def take(self, path, number, word, rest):
        if re.fullmatch(r"HF\d{3}", word):
            self.reports.append(ExpectedReport(word, rest))
        elif word == "prints":
            self.printed.append(rest)
        elif word == "stderr":
            self.stderr.append(rest)
        elif word == "exit":
            self.exit = int(rest)
        elif (word, rest) == ("may", "crash"):
            self.may_crash = True
        elif word == "crashes":
            self.crashes = True
        else:
            raise SystemExit("%s:%d: not understood: %s" % (path, number, word))


def options_of(program):
    """Options of Holdfast that a wrong program and its twin are run with: NAME.expect says them."""
    if not program.expectations.exists():
        return {}
    lines = [line.split()[1:] for line in program.expectations.read_text().splitlines() if line.startswith("options ")]
    return dict(word.split("=", 1) for words in lines for word in words)


class ExpectedReport:
    def __init__(self, rule, rest):
        head, _, self.message = rest.partition(": ")
        words = head.split()
        self.rule, self.kind = rule, words[0]
        self.fields = dict(word.split("=", 1) for word in words[1:])

    def __str__(self):
        return " ".join([self.rule, self.kind] + ["%s=%s" % pair for pair in self.fields.items()]) + (": " + self.message if self.message else "")


# ---- what came against what was expected: each function returns sentences, none if all is well --------------------------------------


def stack_problems(program, role, wanted, report):
    function, _, marker = wanted.partition("@")
    stack = report["stacks"].get(role)
    if function == "-":
        return ["%s: expected no stack, got one in %s" % (role, stack["function"])] if stack else []
    if stack is None:
        return ["%s: expected a stack in %s, got none" % (role, function)]
    problems = []
    if stack["function"] != function:
        problems.append("%s: expected by %s, got by %s" % (role, function, stack["function"]))
    line = program.marked_line(marker or role)
    if line == 0:
        return problems + ["%s: no line of the program is marked `%s`" % (role, marker or role)]
    wanted_place = "%s:%d" % (program.source.name, line)
    if program.language == "py":
        wanted_place += " in " + program.function_at(line)
        frames = [frame for frame in stack["python"] if not any(part in frame["file"] for part in INSTALLED)]
        place = "%s:%d in %s" % (pathlib.Path(frames[0]["file"]).name, frames[0]["line"], frames[0]["function"]) if frames else "no Python frame"
    else:
        frame = stack["native"][0] if stack["native"] else {}
        place = "%s:%s" % (pathlib.Path(frame["file"]).name, frame["line"]) if "line" in frame else frame.get("symbol") or "no native frame"
    if place != wanted_place:
        source = program.text.splitlines()[line - 1].strip()
        problems.append("%s: expected %s (%s), got %s" % (role, wanted_place, source, place))
    return problems


def own_frames(report):
    """Stacks are the program's: Holdfast is in none of them, though the interpreter may call it when an object dies."""
    return ["%s: a frame of Holdfast itself, %s" % (role, frame["offset"]) for role, stack in report["stacks"].items() if stack
            for frame in stack["native"] if frame["module"] == harness.library]


def report_problems(program, mode, wanted, report):
    problems = own_frames(report)
    pairs = [("rule", wanted.rule, report["rule"]), ("kind of handle", wanted.kind, report["handle"]["kind"]), ("mode", mode, report["mode"])]
    if wanted.message:
        pairs.append(("message", wanted.message, report["message"]))
    if "action" in wanted.fields:
        pairs.append(("action", wanted.fields["action"], report["action"]))
    problems += ["%s: expected %s, got %s" % (what, good, got) for what, good, got in pairs if good != got]
    for role in ROLES:
        if role in wanted.fields:
            problems += stack_problems(program, role, wanted.fields[role], report)
    return problems


def log_problems(program, mode, expected, result):
    problems = ["the log has a line that is no JSON object: " + line[:200] for line in result.damage]
    if bool(result.signal) != (len(result.crashes) == 1):
        problems.append("%s, and %d crashes are told" % (result.end(), len(result.crashes)))
    problems += ["a notice came: " + notice["message"] for notice in result.notices]
    reports = harness.symbolized(result) if program.language == "c" else result.reports
    if len(result.reports) != len(expected.reports) or len(reports) != len(expected.reports):
        problems.append("expected %d report%s, got %d" % (len(expected.reports), "" if len(expected.reports) == 1 else "s", len(result.reports)))
        problems += ["expected  %s" % wanted for wanted in expected.reports]
        problems += ["got       " + harness.tell(report) for report in reports]
        return problems
    for number, (wanted, report) in enumerate(zip(expected.reports, reports), 1):
        found = report_problems(program, mode, wanted, report)
        if found:
            problems += ["report %d, expected %s" % (number, wanted)] + ["  " + line for line in found] + ["  got " + harness.tell(report)]
    return problems


def summary_problems(expected, result):
    rules = {}
    for wanted in expected.reports:
        rules[wanted.rule] = rules.get(wanted.rule, 0) + 1
    if not rules:
        return ["no summary was expected, one came"] if result.summary else []
    if result.signal:
        return []
    if result.summary is None:
        return ["expected a closing summary line, there is none"]
    return [] if result.summary["rules"] == rules else ["summary: expected %s, got %s" % (rules, result.summary["rules"])]


def end_problems(expected, result):
    if result.timed_out:
        return ["expected it to end, it hung"]
    if expected.crashes:
        return [] if result.signal else ["expected death by a signal, got " + result.end()]
    if expected.may_crash:
        return []
    problems = []
    if result.status != expected.exit:
        problems.append("expected exit status %d, got %s" % (expected.exit, result.end()))
    if result.stdout.splitlines() != expected.printed:
        problems.append("expected to print %s, printed %s" % (expected.printed, result.stdout.splitlines()))
    problems += ["expected on standard error: %s" % text for text in expected.stderr if text not in result.stderr]
    return problems + (["standard error was:\n" + result.stderr.rstrip()] if problems and result.stderr else [])


def files_of(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def twin_problems(bare, bare_files, result, files):
    problems = ["expected no report, got " + harness.tell(report) for report in result.reports]
    problems += ["expected no notice, got " + notice["message"] for notice in result.notices]
    if bare.status != 0:
        problems.append("without Holdfast it should end well, got " + bare.end() + "\n" + bare.stderr)
    if result.end() != bare.end():
        problems.append("without Holdfast %s, with it %s\n%s" % (bare.end(), result.end(), result.stderr))
    for name in ("stdout", "stderr"):
        if getattr(result, name) != getattr(bare, name):
            problems.append("%s without Holdfast: %r, with it: %r" % (name, getattr(bare, name), getattr(result, name)))
    different = [name for name in sorted(set(files) | set(bare_files)) if files.get(name) != bare_files.get(name)]
    return problems + ["file %s is not the same as without Holdfast" % name for name in different]


def deferral_problems(keeper, program, mode):
    """A right program has no silent deferral either: the arena has the count."""
    with tempfile.TemporaryDirectory(dir=keeper.root) as folder:
        keeper.run(program, mode, record=folder + "/arena", record_size="16m", record_keep=1)
        held = [harness.arena_totals(path)["held"] for path in pathlib.Path(folder).iterdir()]
    return [] if held == [0] else ["expected one arena that tells of 0 postponed frees, got %s" % held]


# ---- one program in one mode ----------------------------------------------------------------------------------------------------------


class Keeper:
    """Makes the folders of test data, one for each run."""

    def __init__(self, root, **options):
        self.root, self.options = root, options
        self.original = root / "original"
        self.original.mkdir()
        data.make(self.original)

    def run(self, program, mode, **options):
        """The result, and the files as the program left them."""
        folder = pathlib.Path(tempfile.mkdtemp(dir=self.root, prefix=program.source.name + "-")) / "data"
        shutil.copytree(self.original, folder)
        result = harness.run(program.argv + [str(folder)], options={"mode": mode, **self.options, **options}, preload=mode != "bare", timeout=120,
                             env={"OGR_CURRENT_DATE": "2020-01-01T00:00:00Z", **program.stack.environment})
        files = files_of(folder)
        shutil.rmtree(folder.parent)
        return result, files


def check_program(checks, keeper, program, mode):
    title = "%s in mode %s" % (program.source.name, mode)
    if program.language == "c" and not pathlib.Path(program.argv[0]).exists():
        checks.check(title, ["it is not built: a new program needs `meson setup --reconfigure`, then ninja"])
        return
    if program.bad and not program.expectations.exists():
        return  # pair_problems() tells
    if program.bad:
        expected = Expected(program.expectations, mode, program.language, program.stack)
        if mode == "bare" and not expected.mentioned:
            return
        result, _ = keeper.run(program, mode, **options_of(program))
        problems = end_problems(expected, result)
        if mode != "bare":
            problems += [] if expected.reports else ["%s expects no report in this mode" % program.expectations.name]
            problems += log_problems(program, mode, expected, result) + summary_problems(expected, result)
        checks.check(title, problems)
    elif mode != "bare":
        bare, bare_files = keeper.run(program, "bare")
        result, files = keeper.run(program, mode, **options_of(program))
        checks.check(title, twin_problems(bare, bare_files, result, files))
        if program.source.name in NOTHING_DEFERRED:
            checks.check(title + ", nothing deferred", deferral_problems(keeper, program, mode))


def pair_problems(programs):
    """A wrong program without a right twin proves little."""
    names = {program.name for program in programs}
    missing = sorted({"ok_" + program.name[4:] for program in programs if program.bad} - names)
    missing += [str(program.expectations.name) for program in programs if program.bad and not program.expectations.exists()]
    return ["%s is not there" % name for name in missing]


def main():
    words = sys.argv[1:]
    stack_name, more = "debian", {}
    while "--option" in words[:-1]:
        at = words.index("--option")
        more.update([words[at + 1].split("=", 1)])
        del words[at:at + 2]
    if "--stack" in words[:-1]:
        at = words.index("--stack")
        stack_name = words[at + 1]
        del words[at:at + 2]
    if len(words) < 3 or words[2] not in MODES or stack_name not in stacks.NAMES:
        sys.exit(__doc__)
    source, build, mode, wanted = pathlib.Path(words[0]).resolve() / "tests" / "zoo", pathlib.Path(words[1]).resolve(), words[2], words[3:]
    harness.use_build(build)
    with tempfile.TemporaryDirectory(prefix="zoo-") as folder, concurrent.futures.ThreadPoolExecutor(2) as pool:
        folder = pathlib.Path(folder).resolve()
        (folder / "stack").mkdir()
        try:
            stack = stacks.prepare(stack_name, build, folder / "stack")
        except stacks.Missing as missing:
            print("skipped: %s" % missing)
            return 77
        print("on %s" % stack)
        programs = [Program(path, build, stack) for path in sorted(source.iterdir()) if re.fullmatch(r"(bad|ok)_\w+\.(c|py)", path.name)]
        checks = harness.Checks()
        checks.check("the zoo is complete", pair_problems(programs))
        programs = [program for program in programs if program.runs()]
        if wanted:
            programs = [program for program in programs if {program.name, program.name.split("_", 1)[1]} & set(wanted)]
            unknown = set(wanted) - {name for program in programs for name in (program.name, program.name.split("_", 1)[1])}
            checks.check("the names given are programs of this stack", ["%s is not there" % name for name in sorted(unknown)])
        checks.check("both wrong and right programs run on this stack",
                     [] if wanted else ["there is no %s_ program" % sort for sort in ("bad", "ok") if not any(program.name.startswith(sort) for program in programs)])
        checks.check("programs get the libraries of the stack", stack.problems([program.argv[0] for program in programs if program.language == "c"]))
        keeper = Keeper(folder, **more)
        for done in [pool.submit(check_program, checks, keeper, program, mode) for program in programs]:
            done.result()
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
