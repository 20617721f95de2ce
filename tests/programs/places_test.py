"""Holdfast in the narrow places that containers are: a root that cannot be written, a small or missing /dev/shm, no /proc, calls that a filter forbids, little memory. A right
program answers as without Holdfast and nothing is told; of a wrong one, one report with the Python line.

usage: places_test.py BUILD_DIRECTORY
"""
import os
import pathlib
import re
import subprocess
import sys

from hosts_work import HOSTS, TWICE, check_work, work_variables
from support import LIBRARY, PYTHON, check, check_equal, check_run, compile_c, finish, gdal_flags, make_inputs, run, skip, workshop

OBJECT_BYTES = 24 << 20  # libholdfast.so itself, mapped; README, "Limits"
MEMORY_GROUPS = pathlib.Path("/sys/fs/cgroup/memory")


def why_not(alone):
    return "does not work here without Holdfast either: %s" % (alone.stderr.strip().splitlines() or [alone.ending])[-1]


def check_place(place, before, folder):
    """before: what goes in front of the program's command line. LD_PRELOAD counts for it as well, as it does in a container's environment."""
    env = work_variables(folder)
    alone = run([*before, *TWICE, "right"], preload=False, env=env)
    if alone.status != 0:
        return skip(place, why_not(alone))
    return check_work(place, alone, [*before, *TWICE], env=env)


def in_namespace(commands):
    """A shell in a mount namespace of its own does `commands`, then becomes the program."""
    return ["env", "-u", "LD_PRELOAD", "unshare", "-rm", "sh", "-ec", commands + '\nexec env ${0:+LD_PRELOAD="$0"} "$@"']


def check_mounts(folder):
    if subprocess.run(["unshare", "-rm", "true"], capture_output=True).returncode != 0:
        return skip("mounts", "no mount namespaces here")
    new_dev = "mkdir -p {0}/dev; mount -t tmpfs none {0}/dev; touch {0}/dev/null; mount --bind /dev/null {0}/dev/null; mount --rbind {0}/dev /dev".format(folder)
    for place, commands in (("read-only root", "mount -o remount,bind,ro /; mount -t tmpfs -o ro none /dev/shm; ! touch /tmp/x 2>/dev/null"),
                            ("tiny /dev/shm", "mount -t tmpfs -o size=4k none /dev/shm"),
                            ("no /dev/shm", new_dev + "; ! test -e /dev/shm"),
                            ("no /proc", "mount -t tmpfs -o ro none /proc; ! test -e /proc/self"),
                            ("nothing but the files of the program", "mount -t tmpfs -o ro none /proc; %s; mount -o remount,bind,ro /" % new_dev)):
        # The program alone is preloaded: what prepares its place stands for the container's runtime.
        before = in_namespace(commands)
        env = work_variables(folder)
        alone = run([*before, "", *TWICE, "right"], preload=False, env=env)
        if alone.status != 0:
            skip(place, why_not(alone))
            continue
        check_work(place, alone, [*before, LIBRARY, *TWICE], preload=False, env=env)
        if place == "read-only root":
            check_nowhere_to_write([*before, LIBRARY], alone, env)


def check_nowhere_to_write(before, alone, env):
    result = run([*before, *TWICE, "wrong"], preload=False, env={**env, "HOLDFAST_OPTIONS": "log_path=/var/log/holdfast:record=/var/tmp/%p"})
    check("read-only root: neither log nor record can be written, and the program answers", result.status == 0 and result.stdout == alone.stdout.replace("right", "wrong"), result)
    check("read-only root: it says so, and the report goes to stderr", result.reports == ["HF101"] and "/var/log/holdfast" in result.stderr and "/var/tmp/" in result.stderr, result)


def check_filters(folder):
    forbid = compile_c(HOSTS / "forbid.c", folder / "forbid")
    if subprocess.run([forbid, "EPERM", "bpf", "--", "true"], capture_output=True).returncode != 0:
        return skip("filters", "no seccomp here")
    strict = ["membarrier", "process_vm_readv", "perf_event_open", "memfd_create", "userfaultfd", "ptrace", "kcmp", "personality", "bpf", "name_to_handle_at"]
    for error in ("EPERM", "ENOSYS"):
        for name in ("membarrier", "process_vm_readv", "memfd_create"):
            check_place("%s of %s" % (error, name), [forbid, error, name, "--"], folder)
        check_place("%s of all that profiles forbid" % error, [forbid, error, *strict, "--"], folder)
    check_place("death by what containers forbid", [forbid, "kill", "perf_event_open", "userfaultfd", "ptrace", "kcmp", "personality", "bpf", "name_to_handle_at", "--"], folder)


def check_sandbox(folder):
    """A program that locks itself in when it has what it needs. Strict mode allows read, write, exit and the end of signal handlers, and forbids the processor's clock."""
    sandbox = compile_c(HOSTS / "sandbox.c", folder / "sandbox", *gdal_flags())
    for kind in ("strict", "filter"):
        alone = run([sandbox, kind, "use", "borrow", "feature", "geometry"], preload=False)
        if alone.status != 7:
            skip("a program that locks itself in, %s" % kind, why_not(alone))
            continue
        for work in ("use", "borrow", "feature", "geometry"):
            check_run("a program that locks itself in, %s, %s: works on" % (kind, work), run([sandbox, kind, work]), 7, alone.stdout, (), "")
    result = run([sandbox, "filter", "mistake"])
    check("a program that locks itself in, filter: a mistake is told", result.status == 7 and result.reports == ["HF102"], result)
    # What cannot work (README, "Limits"): a report needs more than write() on an open descriptor.
    result = run([sandbox, "strict", "mistake"])
    check("a program that locks itself in, strict: a mistake cannot be told, and ends it", result.ending == "death by SIGKILL" and result.reports == [], result)


def check_memory(folder):
    peak = run([PYTHON, "-c", "import sys; sys.argv[1:] = ['right']; exec(open(%r).read()); print([line.split()[1] for line in open('/proc/self/status') if line.startswith('VmPeak')][0])"
                % str(HOSTS / "twice.py")], preload=False, env=work_variables(folder))
    space = int(peak.stdout.split()[-1]) * 1024 + OBJECT_BYTES
    for more, name in ((4 << 20, "4 MiB more of address space than program and object need"), (64 << 20, "64 MiB more"), (256 << 20, "256 MiB more")):
        check_place(name, ["prlimit", "--as=%d" % (space + more)], folder)
    # The arena comes with the first handle; what the program wants after that must be there still.
    result = run(["prlimit", "--as=%d" % (space + (80 << 20)), *TWICE, "right", "48", "right", "wrong"], env=work_variables(folder))
    check("80 MiB more, of which the program takes 48 later", result.status == 0 and result.reports == ["HF101"], result)
    check_small_arena(["prlimit", "--as=%d" % (space + (64 << 20))], folder)
    check_group(folder)


def check_small_arena(before, folder):
    """Beside a report, or where the arena is full, it is said that it is smaller than asked for; a right program hears nothing of it (check_place)."""
    words = re.compile("a limit was reached: there was no room for the arena that was asked for, it is smaller: ([0-9]+) KiB instead of 131072; to change that: the memory that the process may have")
    result = run([*before, *TWICE, "wrong"], options="stats=1", env=work_variables(folder))
    told = words.findall(result.stderr)
    check("little address space: beside a report it is said once how small the arena is", result.status == 0 and result.reports == ["HF101"] and len(told) == 1 and 256 <= int(told[0]) < 131072, result)
    figures = dict(reversed(pair) for pair in re.findall("stats: memory: ([0-9]+) bytes: (bound of the arena|of the arena, as it was asked for)", result.stderr))
    check_equal("... and stats=1 has both sizes", {"bound of the arena": str(int(told[0]) << 10 if told else "?"), "of the arena, as it was asked for": str(128 << 20)}, figures)
    kept = "from osgeo import ogr\nkept = [ogr.CreateGeometryFromWkt('POINT (1 1)') for i in range(130000)]\nprint(len(kept))\n"
    full = run([*before, PYTHON, "-c", kept], options="growth_many=0:growth=0")
    check("... and so is an arena that is full because it is smaller", full.stdout == "130000\n" and len(words.findall(full.stderr)) == 1 and "the arena is full: further handles" in full.stderr, full)
    result = run([*TWICE, "wrong"], env=work_variables(folder))
    check("with enough room there is no word of it", result.reports == ["HF101"] and "a limit was reached" not in result.stderr, result)


def check_group(folder):
    """64 MiB for the whole container, of which the arena's 128 are no part before they are touched."""
    group = own_group()
    if group is None:
        return skip("64 MiB of memory", "no memory group can be made here")
    try:
        check_place("64 MiB of memory", ["sh", "-c", 'echo $$ >"$0" && exec "$@"', group / "cgroup.procs"], folder)
        counter = group / "memory.failcnt"
        if counter.exists():
            check_equal("64 MiB of memory: never at the limit", "0", counter.read_text().strip())
    finally:
        group.rmdir()


def own_group():
    second = (pathlib.Path("/sys/fs/cgroup/cgroup.controllers").exists())
    group = (pathlib.Path("/sys/fs/cgroup") if second else MEMORY_GROUPS) / ("holdfast_test_%d" % os.getpid())
    try:
        group.mkdir()
        (group / ("memory.max" if second else "memory.limit_in_bytes")).write_text(str(64 << 20))
        return group
    except OSError:
        if group.exists():
            group.rmdir()
        return None


def main():
    with workshop() as folder:
        make_inputs(folder)
        check_mounts(folder)
        check_filters(folder)
        check_sandbox(folder)
        check_memory(folder)
    return finish()


if __name__ == "__main__":
    sys.exit(main())
