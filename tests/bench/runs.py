"""Whole programs, run in turns in each variant by programs/measure.c: time, peak memory, and whether they did what they should."""
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

import figures


class Broken(Exception):
    """A measured program did not do what it should."""


SESSION_NICE = pathlib.Path("/proc/self/autogroup")


def session_nice():
    """Where the kernel shares the processor out among sessions (sched_autogroup), nice counts within a session alone, and this is what counts between them. "0" where it does not."""
    return SESSION_NICE.read_text().split()[-1] if SESSION_NICE.exists() else "0"


def launch(bench, argv, environment, preload="", times=1, folder=None, timeout=None):
    """(runs, stdout, stderr): {"wall_ns", "user_ns", "system_ns", "cpu_ns", "peak_bytes", "status"} for each of `times` runs. The current folder
    is `folder`; without one it is an empty one of its own, which goes away. A run that takes too long is killed: its status is None."""
    own, nice = folder or tempfile.mkdtemp(dir=bench.scratch), session_nice()
    with tempfile.NamedTemporaryFile("r", dir=bench.scratch) as results:
        process = subprocess.Popen([str(bench.built / "measure"), results.name, str(times), preload, *map(str, argv)], env=environment, cwd=own,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
                                   preexec_fn=None if nice == "0" else lambda: SESSION_NICE.write_text(nice))
        try:
            out, errors = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)  # of its own: nothing else is in it
            out, errors = process.communicate()
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        runs = []
        for line in results.read().splitlines():
            wall, user, system, peak, status = map(int, line.split())
            runs.append({"wall_ns": wall, "user_ns": user, "system_ns": system, "cpu_ns": user + system, "peak_bytes": peak, "status": status})
    if not folder:
        shutil.rmtree(own)
    return runs, out.decode(errors="replace"), errors.decode(errors="replace")


def measured(bench, name, argv, variant, times=1):
    """The runs of a right program in a variant, and what it printed."""
    environment = variant.environment(bench.scratch)
    environment.pop("LD_PRELOAD", None)
    runs, out, errors = launch(bench, argv, environment, variant.library or "", times)
    said = variant.logged(bench.scratch)
    bad = [run["status"] for run in runs if run["status"] != 0]
    if bad or len(runs) != times or said:
        raise Broken("%s in variant %s: wait status %s\n%s\n%s\n%s" % (name, variant.name, bad, out[-1000:], errors[-2000:], said[:2000]))
    return runs, out


def paired(bench, name, argv, repeats, times=1):
    """{variant: [run, ...]}, one for each turn: of several runs in a turn the one in the middle."""
    samples, printed = {variant.name: [] for variant in bench.variants}, set()
    for turn in range(-1, repeats):  # the first turn warms the disk's cache
        at = turn % len(bench.variants)
        for variant in bench.variants[at:] + bench.variants[:at]:
            runs, out = measured(bench, name, argv, variant, times)
            printed.add(out)
            if turn >= 0:
                samples[variant.name].append(sorted(runs, key=lambda run: run["cpu_ns"])[len(runs) // 2])
    if len(printed) != 1:
        raise Broken("%s prints different things in different variants: %s" % (name, sorted(text[:300] for text in printed)))
    return samples


def column(samples, variant, what):
    return [run[what] for run in samples[variant]]


def row_of(name, argv, samples):
    row = {"program": name, "argv": [str(word) for word in argv], "samples": samples,
           "peak_bytes": {variant: figures.spread(column(samples, variant, "peak_bytes")) for variant in samples}}
    for what in ("cpu_ns", "wall_ns"):
        base = column(samples, "bare", what) if "bare" in samples else None
        row[what] = {variant: figures.spread(column(samples, variant, what)) for variant in samples}
        others = [variant for variant in samples if base and variant != "bare"]
        row[what.replace("ns", "ratio")] = {variant: figures.ratios(column(samples, variant, what), base) for variant in others}
        row[what.replace("_ns", "_over_bare_ns")] = {variant: figures.differences(column(samples, variant, what), base) for variant in others}
    return row


def has(program):
    return shutil.which(program) is not None or pathlib.Path(program).exists()
