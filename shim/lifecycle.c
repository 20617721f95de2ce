/* Load, activation, fork, exit: see lifecycle.h and provider.h.
 *
 * Nothing happens at load but a look at stderr. The arena, the options and the handlers come with the first call of a wrapped
 * function from outside the libraries (holdfast_activate), so a process that uses none of them has no trace of Holdfast.
 *
 * Fork: the tracker is locked around it, so the child's copy is consistent; everything held back is really freed before it, because
 * the child would inherit the descriptors. Exit: held handles are freed while the libraries are still whole, which is why the
 * exit handler is registered again whenever the queue was empty before.
 */
#include "lifecycle.h"
#include "context.h"
#include "control.h"
#include "counters.h"
#include "crash.h"
#include "dump.h"
#include "effects.h"
#include "evidence.h"
#include "fence.h"
#include "hold.h"
#include "imports.h"
#include "labels.h"
#include "forks.h"
#include "leaks.h"
#include "limits.h"
#include "log.h"
#include "python.h"
#include "record.h"
#include "report.h"
#include "stack.h"
#include "strings.h"
#include "suppressions.h"
#include "who.h"
#include "young.h"
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

struct tracker holdfast_tracker;
struct options holdfast_options;

static _Atomic int activation; /* 0 not yet, 1 under way, 2 done */
static char program_name[256]; /* as it was at load */

const char *lifecycle_program(void)
{
    return program_name[0] != '\0' ? program_name : program_invocation_short_name;
}

bool holdfast_is_active(void)
{
    return atomic_load_explicit(&activation, memory_order_acquire) == 2 && holdfast_tracker.base != NULL;
}

static void at_exit(void)
{
    if (!holdfast_is_active())
        return;
    young_settle_everything();
    hold_settle_all(true);
}

void lifecycle_expect_exit(void)
{
    static _Atomic int registrations;
    if (atomic_fetch_add(&registrations, 1) < 64)
        atexit(at_exit);
}

static void before_fork(void)
{
    if (!holdfast_is_active())
        return;
    young_before_fork();
    hold_settle_all(false);
    forks_before_fork();
    tracker_before_fork(&holdfast_tracker);
}

static void after_fork_parent(void)
{
    if (holdfast_is_active())
        tracker_after_fork_parent(&holdfast_tracker);
}

static void after_fork_child(void)
{
    if (!holdfast_is_active())
        return;
    char error[300];
    report_after_fork_child();
    crash_after_fork_child();
    if (!tracker_after_fork_child(&holdfast_tracker, record_path_for_child(), error, sizeof error))
        log_complain(error);
    record_after_fork_child();
    counters_after_fork_child();
    young_after_fork_child();
    stack_after_fork_child();
    forks_after_fork_child();
    growth_after_fork_child();
    tree_after_fork_child();
    strings_after_fork_child();
    evidence_after_fork_child();
    python_after_fork_child();
    imports_after_fork_child();
    limits_after_fork_child();
    control_after_fork_child();
    labels_after_fork_child();
    dump_after_fork_child();
}

/* Is this so little of what RLIMIT_AS leaves that the program will hardly miss it: a quarter? Asked by trying, for /proc may not be there. */
static bool leaves_room(uint64_t bytes)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return true;
    void *four = mmap(NULL, 4 * bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (four == MAP_FAILED)
        return false;
    munmap(four, 4 * bytes);
    return true;
}

static void open_some_arena(void)
{
    char error[500];
    if (record_wanted())
    {
        if (record_open(error, sizeof error))
        {
            limits_look_at_arena(holdfast_options.record_size);
            return;
        }
        log_complain(error);
    }
    /* Less memory than asked for (RLIMIT_AS, strict overcommit): take of what there is, or stay out of the way. */
    for (uint64_t bytes = holdfast_options.arena_size; bytes >= ARENA_MINIMUM_BYTES; bytes /= 2)
    {
        if (bytes / 2 >= ARENA_MINIMUM_BYTES && !leaves_room(bytes))
            continue;
        memset(&holdfast_tracker, 0, sizeof holdfast_tracker);
        if (tracker_open(&holdfast_tracker, NULL, bytes, lifecycle_program(), error, sizeof error))
        {
            limits_look_at_arena(holdfast_options.arena_size);
            return;
        }
    }
    memset(&holdfast_tracker, 0, sizeof holdfast_tracker);
    log_complain("no memory for the tracker: this process is not watched");
}

static void open_arena(void)
{
    open_some_arena();
    holdfast_tracker.scatter = holdfast_options.scatter != 0;
}

void holdfast_activate(void)
{
    int expected = 0;
    int saved_errno = errno;
    if (!atomic_compare_exchange_strong(&activation, &expected, 1))
    {
        while (atomic_load_explicit(&activation, memory_order_acquire) == 1)
            usleep(50);
        errno = saved_errno;
        return;
    }
    char error[400];
    options_defaults(&holdfast_options);
    /* A program with rights that its user has not must neither read nor write where the user says. */
    const char *text = secure_getenv("HOLDFAST_OPTIONS");
    if (!options_parse(&holdfast_options, text, error, sizeof error))
        log_complain(error);
    if (text == NULL && getenv("HOLDFAST_OPTIONS") != NULL)
        log_complain("HOLDFAST_OPTIONS is ignored: this program runs with the rights of another user");
    bool watched = holdfast_options.only_process == 0 || holdfast_options.only_process == (uint32_t)getpid();
    if (holdfast_options.help && watched)
        options_print(STDERR_FILENO);
    if (watched)
    {
        who_activate();
        report_check_log();
        suppressions_load();
        open_arena();
    }
    if (holdfast_tracker.base != NULL)
    {
        pthread_atfork(before_fork, after_fork_parent, after_fork_child);
        lifecycle_expect_exit();
        fence_activate();
        counters_activate();
        crash_activate();
        control_activate();
        dump_activate();
    }
    atomic_store_explicit(&activation, 2, memory_order_release);
    errno = saved_errno;
}

static __attribute__((constructor)) void at_load(void)
{
    snprintf(program_name, sizeof program_name, "%s", program_invocation_short_name);
    log_remember_stderr();
    ends_prepare();
    options_defaults(&holdfast_options);
}

/* Runs after all exit handlers and most destructors: nothing of the program's can violate anything any more. */
static __attribute__((destructor)) void at_unload(void)
{
    if (!holdfast_is_active())
        return;
    young_settle_everything();
    leaks_report(holdfast_options.leaks);
    counters_publish();
    limits_tell(false);
    report_summary();
    report_stats();
    evidence_write();
    stack_tell_verified();
    bool failed = report_errors() > 0 && holdfast_options.exitcode != 0;
    int code = (int)holdfast_options.exitcode;
    /* Marked as ended, but not unmapped: other threads may still be inside a call. */
    record_ended(ARENA_CLOSED);
    if (failed)
    {
        fflush(NULL);
        _exit(code);
    }
}
