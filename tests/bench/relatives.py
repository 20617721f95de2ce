"""What a change or a free costs in a family of which many died a while ago, and are still known because their memory is kept back: time and instructions
of a call with about none, a thousand and 8192 of them. It should not matter how many they are.

Handles that live and die young are not in such families; so they are told not to be (`young=0`), as they are when another thread looks, or Python.
"""
import dataclasses
import shutil
import tempfile

import figures
import micro
import runs

REPEATS, QUICK_REPEATS = 5, 1
KINDS = ("gift", "feature", "read", "view")  # see programs/relatives.c
DEAD, QUICK_DEAD = (8, 1000, 8192), (8, 8192)  # kept back; with each goes what lies in it
CALLS, QUICK_CALLS = 20000, 100
WARM, COUNTED_CALLS, QUICK_COUNTED_CALLS = 9000, 200, 20


def with_dead(variant, dead):
    return dataclasses.replace(variant, options=":".join(filter(None, [variant.options, "young=0", "fence_max=%d" % dead])))


def instructions(bench, name, kind, calls, variant):
    with tempfile.TemporaryDirectory(dir=bench.scratch) as folder:
        argv = ["valgrind", "--tool=callgrind", "--collect-atstart=no", "--combine-dumps=no", "--callgrind-out-file=%s/out" % folder,
                bench.built / "relatives", kind, WARM, calls]
        environment = variant.environment(bench.scratch)  # with LD_PRELOAD: valgrind itself frees no handles
        done, out, errors = runs.launch(bench, argv, environment)
        said = variant.logged(bench.scratch)
        found = micro.counted(folder).get("counted")
        if done[0]["status"] != 0 or said or found is None:
            raise runs.Broken("%s in variant %s under callgrind: wait status %s\n%s\n%s\n%s" % (name, variant.name, done[0]["status"], out[-1000:], errors[-2000:], said[:2000]))
        return found / calls


def run(bench):
    """The rows."""
    counting = bench.counts and shutil.which("valgrind") is not None
    wanted = [variant for variant in bench.variants if variant.name != "nop"]
    names = [variant.name for variant in wanted]
    table = figures.Table("Families with many dead: ns%s of a call" % (" and instructions" if counting else ""),
                          ["call", "dead", *["ns " + name for name in names], *["instr " + name for name in names if counting]], [10, 6] + [14] * len(names) * (1 + counting))
    rows = []
    for kind in KINDS:
        for dead in QUICK_DEAD if bench.quick else DEAD:
            name = "relatives/%s %d" % (kind, dead)
            if not bench.wants(name):
                continue
            variants = [with_dead(variant, dead) if variant.library else variant for variant in wanted]
            samples = {variant: [] for variant in names}
            for turn in range(bench.repeats_or(REPEATS, QUICK_REPEATS)):
                at = turn % len(variants)
                for variant in variants[at:] + variants[:at]:
                    argv = [bench.built / "relatives", kind, WARM, QUICK_CALLS if bench.quick else CALLS]
                    calls, ns = map(int, runs.measured(bench, name, argv, variant)[1].split())
                    samples[variant.name].append(ns / calls)
            row = {"call": kind, "dead": dead, "ns": {variant: figures.spread(values) for variant, values in samples.items()}, "instructions": {}}
            for variant in variants if counting else ():
                row["instructions"][variant.name] = instructions(bench, name, kind, QUICK_COUNTED_CALLS if bench.quick else COUNTED_CALLS, variant)
            table.row([kind, dead, *[figures.plain(row["ns"][variant]) for variant in names], *["%.0f" % row["instructions"][variant] for variant in names if counting]])
            rows.append(row)
            bench.keep("relatives", rows)
    return rows
