"""What one call costs. programs/micro.c and programs/micro.py are servers that run one loop for each command; for each case one of them is
started in each variant, and then they take turns, so that a busy machine is busy for all of them alike.

Beside times there are instruction counts: callgrind counts the loop alone, at two lengths, and the difference is divided by the difference
of the lengths. They are the same in every run, on any machine with these libraries, busy or not.

Times of one thread are those of its processor, of several threads those of the wall.
"""
import pathlib
import re
import shutil
import subprocess
import tempfile

import figures
import harness
from runs import Broken

REPEATS, QUICK_REPEATS = 15, 3
DEPTHS, THREADS = (0, 8, 32), (1, 2)
PASS_NS, QUICK_PASS_NS = 20e6, 1e6  # of the dearest variant
# Instructions: the two lengths, and calls before them, at the first depth so many that the fences (8192 freed handles) are full.
COUNTED_CALLS, FIRST_WARM_CALLS, WARM_CALLS = (1000, 3000), 9000, 500
FEW_COUNTED_CALLS, FEW_WARM_CALLS = (100, 300), 200  # with --quick, and of calls that take a hundred thousand instructions
DEAR = ("pair_proj", "ctypes_pair_proj")


class Server:
    """A micro program in one variant, under callgrind if `count` is the folder for its files."""

    def __init__(self, bench, argv, variant, count=None):
        self.variant, self.count_folder = variant, count
        self.scratch = tempfile.mkdtemp(dir=bench.scratch)
        if count:
            argv = ["valgrind", "--tool=callgrind", "--collect-atstart=no", "--combine-dumps=no", "--callgrind-out-file=%s/out" % count, *argv]
        self.errors = open(self.scratch + "/stderr", "w+", encoding="utf-8", errors="replace")
        self.process = subprocess.Popen(argv, env=variant.environment(self.scratch), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=self.errors, encoding="utf-8", cwd=self.scratch)

    def ask(self, *words):
        """One command, one line of answer."""
        try:
            self.process.stdin.write(" ".join(map(str, words)) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            self.fail("no answer to `%s`" % " ".join(map(str, words)))
        return line.strip()

    def fail(self, what):
        self.process.kill()
        status = self.process.wait()
        self.errors.seek(0)
        raise Broken("%s in variant %s: %s, status %d\n%s" % (pathlib.Path(self.process.args[-1]).name, self.variant.name, what, status,
                                                              self.errors.read()[-2000:]))

    def close(self):
        """Ends it, and makes sure that nothing was said."""
        self.process.stdin.close()
        status = self.process.wait()
        self.process.stdout.close()
        said = self.variant.logged(self.scratch)
        if status != 0 or said:
            self.fail("it ended with status %d and said: %s" % (status, said[:2000]))
        self.errors.close()
        shutil.rmtree(self.scratch)


def programs(bench):
    """language: how its server is started."""
    return {"c": [str(bench.built / "micro")], "python": [harness.PYTHON, str(bench.programs / "micro.py"), str(bench.built / "libmarks.so")]}


def cases(bench, language, argv):
    """(name, unit, calls in words), as the program itself lists them."""
    done = subprocess.run(argv, input="list\n", capture_output=True, encoding="utf-8", env=harness.clean_environment(), check=False)
    if done.returncode != 0:
        raise Broken("%s: %s" % (" ".join(argv), done.stderr))
    found = []
    for line in done.stdout.splitlines():
        if line:
            name, unit, calls = line.split(" ", 2)
            found.append((name, int(unit), calls))
    return [case for case in found if bench.wants("%s/%s" % (language, case[0]))]


# ---- times --------------------------------------------------------------------------------------------------------------------------


def cost(answer, calls, threads):
    """Nanoseconds a call."""
    wall, cpu = (int(word) / calls for word in answer.split())
    return wall if threads > 1 else cpu


def pass_ns(bench):
    return QUICK_PASS_NS if bench.quick else PASS_NS


def calls_of_a_pass(bench, servers, name, unit, depth, threads):
    """So many that the dearest variant needs the time of a pass."""
    calls = max(unit, 200)
    calls = (calls // unit) * unit
    while True:
        slowest = max(int(server.ask("time", name, depth, threads, calls).split()[0]) for server in servers)
        if slowest >= pass_ns(bench) / 4 or calls >= 1 << 24:
            break
        calls *= 4
    return max(unit, int(calls * pass_ns(bench) / max(slowest, 1)) // unit * unit)


def times(bench, servers, name, unit, depth, threads):
    """(calls of a pass, {variant: [ns, ...]}), in turns; who begins moves on each time."""
    calls = calls_of_a_pass(bench, servers, name, unit, depth, threads)
    samples = {server.variant.name: [] for server in servers}
    for turn in range(bench.repeats_or(REPEATS, QUICK_REPEATS)):
        for server in servers[turn % len(servers):] + servers[:turn % len(servers)]:
            samples[server.variant.name].append(cost(server.ask("time", name, depth, threads, calls), calls, threads))
    return calls, samples


# ---- instructions --------------------------------------------------------------------------------------------------------------------


def counted(folder):
    """{label: instructions} of callgrind's files."""
    found = {}
    for path in pathlib.Path(folder).glob("out.*"):
        text = path.read_text(errors="replace")
        label = re.search(r"^desc: Trigger: Client Request: (\S+)$", text, re.MULTILINE)
        total = re.search(r"^(?:totals|summary): (\d+)$", text, re.MULTILINE)
        if label and total:
            found[label.group(1)] = int(total.group(1))
    return found


def instructions(bench, argv, variant, names, depths):
    """{(name, depth): instructions a call}: all cases in one process, because valgrind starts slowly."""
    result = {}
    with tempfile.TemporaryDirectory(dir=bench.scratch) as folder:
        server = Server(bench, argv, variant, count=folder)
        for name, unit, _ in names:
            few = bench.quick or name in DEAR
            lengths = FEW_COUNTED_CALLS if few else COUNTED_CALLS
            for depth in depths:
                warm = FEW_WARM_CALLS if few else FIRST_WARM_CALLS if depth == depths[0] else WARM_CALLS
                whole = [-(-length // unit) * unit for length in lengths]
                if whole[0] == whole[1]:
                    whole[1] += 2 * unit
                server.ask("count", name, depth, warm // unit * unit or unit, "warm")
                for length in whole:
                    server.ask("count", name, depth, length, "%s/%d/%d" % (name, depth, length))
                result[name, depth] = whole
        server.close()
        found = counted(folder)
    for (name, depth), whole in result.items():
        first, second = (found.get("%s/%d/%d" % (name, depth, length)) for length in whole)
        result[name, depth] = None if first is None or second is None else (second - first) / (whole[1] - whole[0])
    return result


# ---- the table -----------------------------------------------------------------------------------------------------------------------


def row_of(language, case, depth, threads, calls, samples, counts):
    base = samples.get("bare")
    nop = samples.get("nop")
    name, _, words = case
    return {
        "language": language, "case": name, "calls": words, "depth": depth, "threads": threads, "calls_of_a_pass": calls,
        "samples_ns": samples,
        "ns": {variant: figures.spread(values) for variant, values in samples.items()},
        "over_bare_ns": {variant: figures.differences(values, base) for variant, values in samples.items() if base and variant != "bare"},
        "over_nop_ns": {variant: figures.differences(values, nop) for variant, values in samples.items() if nop and variant not in ("bare", "nop")},
        "instructions": {variant: found.get((name, depth)) for variant, found in counts.items()} if threads == 1 else {},
    }


def cells(row, variants, timed, counts):
    """Bare is absolute, the others are over bare; without bare all are absolute."""
    words = ["%s/%s" % (row["language"], row["case"]), row["depth"], row["threads"]]
    for variant in variants if timed else ():
        over = row["over_bare_ns"].get(variant.name)
        words.append(figures.signed(over) if over else figures.plain(row["ns"].get(variant.name)))
    base = row["instructions"].get("bare")
    for variant in variants if counts else ():
        count = row["instructions"].get(variant.name)
        words.append("" if count is None else "%.0f" % count if variant.name == "bare" or base is None else "%+.0f" % (count - base))
    return words


def run(bench):
    """The rows."""
    depths = [0, 8] if bench.quick else list(DEPTHS)
    depths, threads = bench.depths or depths, bench.threads or list(THREADS)
    counting = bench.counts and shutil.which("valgrind") is not None
    if bench.counts and not counting:
        bench.note("no instructions are counted: valgrind is not there")
    names = [variant.name for variant in bench.variants]
    columns = ["ns " + name for name in names] * bench.times + ["instr " + name for name in names] * counting
    table = figures.Table("Calls: ns and instructions (bare: of a call; the others: what they add to it)", ["case", "depth", "threads", *columns],
                          [32, 5, 7] + [14] * len(names) * bench.times + [12] * len(names) * counting)
    rows = []
    for language, argv in programs(bench).items():
        wanted = cases(bench, language, argv)
        counts = {}
        for variant in bench.variants if counting and wanted else ():
            counts[variant.name] = instructions(bench, argv, variant, wanted, depths)
        for case in wanted:
            servers = [Server(bench, argv, variant) for variant in bench.variants] if bench.times else []
            for count in threads if bench.times else [1]:
                for depth in depths:
                    calls, samples = times(bench, servers, case[0], case[1], depth, count) if bench.times else (0, {})
                    row = row_of(language, case, depth, count, calls, samples, counts)
                    table.row(cells(row, bench.variants, bench.times, counting))
                    rows.append(row)
                    bench.keep("micro", rows)
            for server in servers:
                server.close()
    return rows
