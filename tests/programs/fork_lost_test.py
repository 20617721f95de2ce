"""A fork whose child can neither go on with the arena (it is in a file, which is the parent's) nor gets a copy (no memory at the moment of the fork)
begins with an empty one. Whatever stands outside the arena and names things in it by number must go as well: stacks that a thread remembers, young
handles, strings. Else reports of the child name stacks that never were.

usage: fork_lost_test.py BUILD_DIRECTORY
"""
import sys

from support import check, check_equal, compile_c, finish, gdal_flags, harness, workshop

PROGRAM = r"""
#include <ogr_api.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static struct rlimit usual;

/* Registered before Holdfast's own, so it runs first in the child: a new arena is to be had again. */
static void raise_limit(void)
{
    setrlimit(RLIMIT_AS, &usual);
}

static void lower_limit(void)
{
    struct rlimit low = usual;
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file == NULL || fscanf(file, "%ld", &pages) != 1)
        abort();
    fclose(file);
    low.rlim_cur = (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE) + (4 << 20);
    setrlimit(RLIMIT_AS, &low);
}

#define AWAY __attribute__((noinline))
static AWAY void *make_first(void) { void *made = OGR_G_CreateGeometry(wkbPoint); __asm__ volatile(""); return made; }
static AWAY void *make_second(void) { void *made = OGR_G_CreateGeometry(wkbPoint); __asm__ volatile(""); return made; }
static AWAY void free_once(void *handle) { OGR_G_DestroyGeometry(handle); __asm__ volatile(""); }
static AWAY void free_again(void *handle) { OGR_G_DestroyGeometry(handle); __asm__ volatile(""); }

static AWAY OGRFeatureH feature_that_died(OGRFeatureDefnH definition)
{
    OGRFeatureH dead = OGR_F_Create(definition);
    OGR_F_SetFID(dead, 7);
    OGR_F_Destroy(dead);
    return dead;
}

int main(int count, char **arguments)
{
    getrlimit(RLIMIT_AS, &usual);
    pthread_atfork(NULL, NULL, raise_limit);
    OGRFeatureDefnH definition = OGR_FD_Create("layer");
    OGR_FD_Reference(definition);
    OGRFeatureH dead = NULL;
    pid_t child = -1;
    for (int i = 0; i < 4; i++) { /* the child does what the parent did three times: by then everybody remembers what the stacks are */
        if (i == 3 && strcmp(arguments[count - 1], "lost") == 0)
            lower_limit();
        if (i == 3 && (child = fork()) != 0)
            break;
        free_once(make_first());
        void *handle = make_second();
        free_once(handle);
        if (i == 3)
            free_again(handle);
        else
            dead = feature_that_died(definition);
    }
    if (child == 0) {
        printf("feature %ld\n", (long)OGR_F_GetFID(dead));
        fflush(stdout);
        exit(0);
    }
    raise_limit();
    int status = -1;
    waitpid(child, &status, 0);
    printf("status %d\n", status);
    return 0;
}
"""


def functions_of(report, role):
    return [frame.get("function") or frame.get("symbol") for frame in report["stacks"][role]["native"]]


def run_both(folder):
    program = compile_c(PROGRAM, folder / "forks", *gdal_flags())
    for how in ("usual", "lost"):
        arena = folder / (how + "-arena")
        result = harness.run([program, how], options={"mode": "defer", "record": arena, "record_size": "64m"})
        reports = harness.symbolized(result)
        check("%s: parent and child end well" % how, result.status == 0 and "status 0\n" in result.stdout, "%s\n%s\n%s" % (result.status, result.stdout, result.stderr))
        twice = [report for report in reports if report["rule"] == "HF103"]
        if not check("%s: the double free of the child is told" % how, len(twice) == 1, result.log):
            continue
        stacks = {role: functions_of(twice[0], role)[:2] for role in ("obtained", "freed", "used")}
        check_equal("%s: with its stacks" % how, {"obtained": ["make_second", "main"], "freed": ["free_once", "main"], "used": ["free_again", "main"]}, stacks)
        late = [report for report in reports if report["rule"] == "HF102"]
        if how == "usual":
            check("usual: what died before the fork is known in the child", len(late) == 1, result.log)
        else:
            check("lost: of what died before the fork nothing is said, for nothing is known", late == [] and "feature 7\n" in result.stdout, "%s\n%s" % (result.log, result.stdout))


def main():
    with workshop() as folder:
        run_both(folder)
    return finish()


if __name__ == "__main__":
    sys.exit(main())
