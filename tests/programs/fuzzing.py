"""Fuzz targets: compiled by clang with libFuzzer where there is one, and run for a number of inputs."""
import re
import subprocess

from support import check, finish, skip


def compile_sanitized(program, sources, *flags):
    """False where clang cannot; a target that does not compile is a failed check."""
    command = ["clang", "-std=gnu17", "-D_GNU_SOURCE", "-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", *flags, "-o", program, *sources]
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError:
        return False
    if done.returncode != 0 and not ("cannot find" in done.stderr and "fuzzer" in done.stderr):
        check("%s compiles" % program.name, False, done.stderr)
    return done.returncode == 0


def compile_fuzzer(program, sources, *flags):
    return compile_sanitized(program, sources, "-fsanitize=fuzzer", *flags)


def left_out(what):
    """The status of a test that has no fuzzer: skipped, unless a check failed before."""
    skip(what, "no clang with libFuzzer")
    return finish() or 77


def fuzz(program, runs, promise, seeds, *options):
    """`promise` has the number of inputs, `runs`, in it. Returns the lines of numbers that the fuzzer gives."""
    done = subprocess.run([program, "-runs=%s" % runs, "-seed=1", "-verbosity=0", "-print_final_stats=1", *options, seeds], cwd=program.parent, capture_output=True, text=True, errors="replace")
    executed = re.search("^stat::number_of_executed_units: *([0-9]+)$", done.stderr, re.MULTILINE)
    check(promise, done.returncode == 0 and executed is not None and int(executed.group(1)) >= int(runs), done.stderr)  # one that is interrupted ends with 0, too
    return [line for line in done.stderr.splitlines() if line.startswith("stat::")]
