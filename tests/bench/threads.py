"""Threads that work side by side: how much longer they take with Holdfast, and what its locks have to do with it.

`locks` are those of the handle table, `depot locks` those of stacks and strings, for each round of a thread; `waits` are the rounds that had to wait for one
because another thread had it. Counted in a run of its own, with stats=1. On a machine with fewer processors than threads a wait is also that
whoever had the lock was not running.
"""
import dataclasses
import re

import figures
import runs

REPEATS, QUICK_REPEATS = 5, 1
THREADS, QUICK_THREADS = (1, 2, 4, 8), (1, 2)
ROUNDS = {"raster": 10000, "vector": 400000, "crs": 4000, "geos": 100000, "living": 1000000}  # of all threads together
QUICK_SHARE = 100
COUNTED = {"locks": "times all handles were locked", "shard_locks": "times some of the handles were locked", "lock_waits": "of both, times it had to be waited for",
           "depot_locks": "times the lock of stacks and strings was taken", "depot_lock_waits": "of those, times it had to be waited for"}


def wall_and_cpu(out):
    rounds, wall, cpu = map(int, out.split())
    return wall / rounds, cpu / rounds


def samples_of(bench, name, argv):
    """{variant: [(wall ns a round, cpu ns a round), ...]}, one for each turn."""
    samples = {variant.name: [] for variant in bench.variants}
    for turn in range(bench.repeats_or(REPEATS, QUICK_REPEATS)):
        at = turn % len(bench.variants)
        for variant in bench.variants[at:] + bench.variants[:at]:
            samples[variant.name].append(wall_and_cpu(runs.measured(bench, name, argv, variant)[1]))
    return samples


def counts_of(bench, name, argv, variant, rounds):
    """The names of COUNTED, each a round."""
    told = dataclasses.replace(variant, options=":".join(filter(None, [variant.options, "stats=1"])))
    environment = told.environment(bench.scratch)
    environment.pop("LD_PRELOAD", None)
    done, _, errors = runs.launch(bench, argv, environment, variant.library)
    said = told.logged(bench.scratch)
    counts = {}
    for what, words in COUNTED.items():
        found = re.search(r"stats: (\d+) %s\n" % words, said)
        if done[0]["status"] != 0 or not found:
            raise runs.Broken("%s with stats=1: status %s\n%s\n%s" % (name, done[0]["status"], errors[-1000:], said[-2000:]))
        counts[what] = int(found.group(1)) / rounds
    return counts


def run(bench):
    """The rows."""
    names = [variant.name for variant in bench.variants]
    others = [variant for variant in bench.variants if variant.name not in ("bare", "nop")]
    table = figures.Table("Threads: time of the wall for a round of all threads, ns (bare) and as ratios to a bare run of the same turn; locks and waits for each round (%s)"
                          % (others[-1].name if others else "nothing to count"),
                          ["work", "threads", "ns bare", *["x " + name for name in names[1:]], "locks", "of shards", "waits", "depot locks", "depot waits"],
                          [10, 8, 14] + [14] * (len(names) - 1) + [9, 10, 9, 12, 12])
    rows = []
    for work, all_rounds in ROUNDS.items():
        for threads in bench.threads or (QUICK_THREADS if bench.quick else THREADS):
            name = "%s %d" % (work, threads)
            if not bench.wants("threads/" + name):
                continue
            each = max(1, all_rounds // (QUICK_SHARE if bench.quick else 1) // threads)
            argv = [bench.built / "threads", work, threads, each]
            samples = samples_of(bench, name, argv)
            row = {"work": work, "threads": threads, "rounds": each * threads, "samples": samples,
                   "wall_ns_of_a_round": {variant: figures.spread([sample[0] for sample in samples[variant]]) for variant in names}}
            first = [sample[0] for sample in samples[names[0]]]
            row["wall_ratio"] = {variant: figures.ratios([sample[0] for sample in samples[variant]], first) for variant in names[1:]}
            row["counts"] = counts_of(bench, name, argv, others[-1], each * threads) if others else {}
            table.row([work, threads, figures.plain(row["wall_ns_of_a_round"][names[0]])] + [figures.plain(row["wall_ratio"][variant]) for variant in names[1:]] +
                      ["%.3g" % row["counts"][what] if others else "" for what in COUNTED])
            rows.append(row)
            bench.keep("threads", rows)
    return rows
