"""Whether a handle costs the same when there are many: time for each event and memory for each handle at 10^3 to 10^7 live points (10^6
geometries, and features with a borrowed geometry each), and the time of each million of 10^7 handles that are created and freed at once.

Beside the arena as it is (128 MiB, which is full before 10^7) every variant with Holdfast runs with one that holds all of them, NAME+arena.
Memory is what the process has resident, less what the bare one has at the same count, for each handle.
"""
import dataclasses
import statistics

import figures
import runs

REPEATS, QUICK_REPEATS = 3, 1
POWERS, QUICK_POWERS = {"point": 7, "geometry": 6, "feature": 6}, 4  # the largest power of ten
STEPS, STEP_CALLS, QUICK_STEP_CALLS = 10, 1000000, 1000
LARGE_ARENA = "arena_size=8g"


def variants_of(bench):
    found = []
    for variant in bench.variants:
        found.append(variant)
        if variant.library and variant.name != "nop":
            found.append(dataclasses.replace(variant, name=variant.name + "+arena", options=":".join(filter(None, [variant.options, LARGE_ARENA]))))
    return found


def parse(out):
    """[(count, ns an event, resident bytes)] of the steps, and ns a free."""
    steps, freed = [], None
    for line in out.splitlines():
        words = line.split()
        if words[0] == "freed":
            freed = int(words[2]) / int(words[1])
        else:
            count, ns, resident = map(int, words)
            steps.append((count, ns / count if count else 0, resident))
    return steps, freed


def samples_of(bench, variants, name, argv):
    """{variant: [(steps, freed), ...]}"""
    samples = {variant.name: [] for variant in variants}
    for turn in range(bench.repeats_or(REPEATS, QUICK_REPEATS)):
        at = turn % len(variants)
        for variant in variants[at:] + variants[:at]:
            samples[variant.name].append(parse(runs.measured(bench, name, argv, variant)[1]))
    return samples


def median(samples, take):
    return statistics.median([take(sample) for sample in samples])


def live_rows(bench, variants, kind):
    powers = QUICK_POWERS if bench.quick else POWERS[kind]
    samples = samples_of(bench, variants, "live " + kind, [bench.built / "growth", "live", kind, powers])
    rows, count = [], 0
    for step in range(1, len(samples[variants[0].name][0][0])):
        count += samples[variants[0].name][0][0][step][0]
        row = {"growth": "live", "kind": kind, "live": count, "ns_of_a_birth": {}, "resident_bytes": {}, "bytes_of_a_handle": {}}
        for variant in variants:
            row["ns_of_a_birth"][variant.name] = median(samples[variant.name], lambda sample: sample[0][step][1])
            row["resident_bytes"][variant.name] = median(samples[variant.name], lambda sample: sample[0][step][2] - sample[0][0][2])
            if "bare" in row["resident_bytes"]:
                row["bytes_of_a_handle"][variant.name] = (row["resident_bytes"][variant.name] - row["resident_bytes"]["bare"]) / count
        rows.append(row)
    rows[-1]["ns_of_a_free"] = {variant.name: median(samples[variant.name], lambda sample: sample[1]) for variant in variants}
    return rows


def cycle_rows(bench, variants, kind):
    calls = QUICK_STEP_CALLS if bench.quick else STEP_CALLS
    samples = samples_of(bench, variants, "cycles " + kind, [bench.built / "growth", "cycles", kind, STEPS, calls])
    return [{"growth": "cycles", "kind": kind, "cycles": calls * step,
             "ns_of_a_cycle": {variant.name: median(samples[variant.name], lambda sample: sample[0][step][1]) for variant in variants},
             "resident_bytes": {variant.name: median(samples[variant.name], lambda sample: sample[0][step][2]) for variant in variants}}
            for step in range(1, STEPS + 1)]


def run(bench):
    """The rows."""
    variants = variants_of(bench)
    names = [variant.name for variant in variants]
    others = [name for name in names if name != "bare"]
    rows = []
    for kind in POWERS:
        if bench.wants("growth/live " + kind):
            table = figures.Table("Live handles, kind %s: ns of a birth, and bytes of memory for each handle over bare" % kind,
                                  ["live", *["ns " + name for name in names], *["bytes " + name for name in others]], [12] + [15] * (len(names) + len(others)))
            found = live_rows(bench, variants, kind)
            for row in found:
                table.row([row["live"]] + [figures.short(row["ns_of_a_birth"][name]) for name in names] +
                          [figures.short(row["bytes_of_a_handle"].get(name)) for name in others])
            table.row(["freed, all"] + [figures.short(found[-1]["ns_of_a_free"][name]) for name in names] + [""] * len(others))
            rows += found
            bench.keep("growth", rows)
        if bench.wants("growth/cycles " + kind):
            table = figures.Table("Cycles of creation and free, kind %s: ns of a cycle in the last step, and resident memory" % kind,
                                  ["cycles", *["ns " + name for name in names], *["resident " + name for name in others]], [12] + [21] * (len(names) + len(others)))
            found = cycle_rows(bench, variants, kind)
            for row in found:
                table.row([row["cycles"]] + [figures.short(row["ns_of_a_cycle"][name]) for name in names] +
                          [figures.size(row["resident_bytes"][name]) for name in others])
            rows += found
            bench.keep("growth", rows)
    return rows
