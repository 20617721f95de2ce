/* Postponed frees: see hold.h.
 *
 * The queue lies in the arena (oldest first); what is needed to repeat the call is the function, its first two arguments and the
 * copy of the library. A replayed call gets a GEOS context of Holdfast's own, because the caller's may be finished by then.
 */
#include "hold.h"
#include "clock.h"
#include "context.h"
#include "lifecycle.h"
#include "report.h"
#include "stack.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define TRACKER (&holdfast_tracker)
/* Descriptors that must stay free for the program while something is held. */
#define SPARE_DESCRIPTORS 32

bool hold_any(void)
{
    return TRACKER->base != NULL && __atomic_load_n(&tracker_header(TRACKER)->hold_count, __ATOMIC_RELAXED) > 0;
}

int hold_next_descriptor(void)
{
    int error = errno, next = eventfd(0, EFD_CLOEXEC);
    if (next >= 0)
        close(next);
    errno = error;
    return next;
}

/* The next descriptor that the program will get, far enough below its limit. */
static bool descriptors_to_spare(void)
{
    struct rlimit limit;
    int next = hold_next_descriptor();
    return next >= 0 && (getrlimit(RLIMIT_NOFILE, &limit) != 0 || (rlim_t)next + SPARE_DESCRIPTORS < limit.rlim_cur);
}

/* A program that this one becomes by exec must not inherit the descriptor of a dataset that was closed. `descriptor` was the lowest free one
 * when the dataset was opened: if it is the dataset's file now, the library opened it, and nobody else knows it. */
static void seal_descriptor(const struct handle_record *record, int descriptor)
{
    struct stat file, opened;
    if (descriptor < 0 || record->label == 0 || (record->flags & HANDLE_NUMBER))
        return;
    if (stat(tracker_text(TRACKER, record->label), &file) != 0 || fstat(descriptor, &opened) != 0 || file.st_dev != opened.st_dev || file.st_ino != opened.st_ino)
        return;
    int flags = fcntl(descriptor, F_GETFD);
    if (flags >= 0)
        fcntl(descriptor, F_SETFD, flags | FD_CLOEXEC);
}

bool hold_allowed(const struct handle_record *record)
{
    if (holdfast_options.hold_max == 0 || (record->flags & HANDLE_HARMLESS) == 0 || (record->flags & (HANDLE_UPDATE | HANDLE_NAMELESS)) == HANDLE_UPDATE)
        return false;
    /* The caller's memory that it works on is his to free from now on. */
    for (uint32_t edge = record->first_parent; edge != 0; edge = tracker_edge(TRACKER, edge)->next_of_child)
        if (tracker_handle(TRACKER, tracker_edge(TRACKER, edge)->parent)->kind == KIND_buffer)
            return false;
    if (kind_table[record->kind].flush == NULL)
        return true;
    /* A late close of a file that the program serves itself (VSIInstallPluginHandler) calls code and data that may be gone. */
    const struct provider *provider = provider_by_number(record->provider);
    return (provider == NULL || !provider->hosts) && descriptors_to_spare();
}

static bool is_pinned(const struct hold_record *hold)
{
    return hold != NULL && __atomic_load_n(&hold->pins, __ATOMIC_RELAXED) > 0;
}

static bool in_grace(const struct hold_record *hold)
{
    return hold != NULL && __atomic_load_n(&hold->grace, __ATOMIC_RELAXED) != 0;
}

/* [tracker locked] Held for a caller that leaves no trace. */
static void give_grace(struct handle_record *record, struct hold_record *hold)
{
    record->flags |= HANDLE_GRACE;
    __atomic_store_n(&hold->grace, 1, __ATOMIC_RELAXED); /* for who has only the queue locked */
}

bool hold_push(struct call *call, handle_id id, const uintptr_t *arguments, bool grace, bool refused)
{
    struct handle_record *record = tracker_handle(TRACKER, id);
    if (kind_table[record->kind].flush != NULL)
        seal_descriptor(record, (int)record->descriptor - 1);
    if (tracker_header(TRACKER)->hold_count == 0)
        lifecycle_expect_exit();
    struct hold_record *hold = handle_hold(TRACKER, id, now_ms());
    if (hold == NULL)
        return false;
    hold->arguments[0] = arguments[0];
    hold->arguments[1] = function_table[call->function].argument_count > 1 ? arguments[1] : 0;
    record->flags &= (uint32_t)~(HANDLE_GRACE | HANDLE_REFUSED | HANDLE_REPORTED);
    record->flags |= (uint32_t)(refused ? HANDLE_REFUSED : 0);
    if (grace)
        give_grace(record, hold);
    tracker_count(TRACKER, COUNTER_held);
    return true;
}

void hold_grown_up(handle_id id, uintptr_t argument, bool grace)
{
    struct hold_record *hold = handle_hold(TRACKER, id, now_ms());
    if (hold == NULL) {
        handle_forget(TRACKER, id); /* it is never freed, which harms nobody who still uses what it lent */
        return;
    }
    hold->arguments[0] = argument;
    if (grace)
        give_grace(tracker_handle(TRACKER, id), hold);
}

/* The oldest held handle beyond a bound, 0 if there is none. */
static handle_id beyond_bounds(uint32_t *serial, const char **bound)
{
    handle_id found = 0;
    if (!tracker_queue_lock(TRACKER))
        return 0;
    const struct arena_header *header = tracker_header(TRACKER);
    uint32_t grace = 0, waiting = 0;
    handle_id first_grace = 0, first_waiting = 0;
    for (handle_id id = header->hold_head; id != 0; id = tracker_hold(TRACKER, id)->next)
    {
        if (is_pinned(tracker_hold(TRACKER, id)))
            continue;
        if (in_grace(tracker_hold(TRACKER, id)))
        {
            grace++;
            first_grace = first_grace != 0 ? first_grace : id;
        }
        else
        {
            waiting++;
            first_waiting = first_waiting != 0 ? first_waiting : id;
        }
    }
    *bound = NULL;
    if (grace > holdfast_options.grace_max)
        found = first_grace;
    else if (waiting > holdfast_options.hold_max)
    {
        found = first_waiting;
        *bound = "hold_max";
    }
    else if (header->hold_head != 0 && !is_pinned(tracker_hold(TRACKER, header->hold_head)) && holdfast_options.hold_seconds != 0 &&
             now_ms() - tracker_hold(TRACKER, header->hold_head)->held_at_ms > holdfast_options.hold_seconds * UINT64_C(1000))
    {
        found = header->hold_head;
        *bound = in_grace(tracker_hold(TRACKER, found)) ? NULL : "hold_seconds";
    }
    if (found != 0)
        *serial = tracker_hold(TRACKER, found)->serial;
    tracker_queue_unlock(TRACKER);
    return found;
}

void hold_enforce_bounds(void)
{
    uint32_t serial;
    const char *bound;
    handle_id id;
    while ((id = beyond_bounds(&serial, &bound)) != 0)
    {
        static _Atomic int told;
        if (bound != NULL && atomic_fetch_add(&told, 1) == 0)
        {
            char text[160];
            snprintf(text, sizeof text, "the bound %s was reached: the oldest postponed free is carried out now; to keep more, raise %s (said once)", bound, bound);
            report_notice(text);
        }
        hold_release(id, serial);
    }
}

void hold_flush(const struct view *view, uint16_t kind, uintptr_t address)
{
    const char *flush = kind_table[kind].flush;
    void (*function)(void *) = flush != NULL ? (void (*)(void *))provider_symbol(view->provider, flush) : NULL;
    if (function != NULL)
        function((void *)address);
}

void hold_check_age(void)
{
    static _Atomic uint64_t checked_ms;
    if (!hold_any())
        return;
    if (holdfast_options.mode == MODE_report)
        hold_settle_postponed(); /* left over from another mode */
    if (holdfast_options.hold_seconds == 0)
        return;
    uint64_t now = now_ms(), before = atomic_load_explicit(&checked_ms, memory_order_relaxed);
    if (now - before < 1000 || !atomic_compare_exchange_strong(&checked_ms, &before, now))
        return;
    hold_enforce_bounds();
}

/* A GEOS context for replayed frees, one a copy. */
static uintptr_t own_geos_context(struct provider *provider)
{
    static _Atomic uintptr_t contexts[256];
    uintptr_t context = atomic_load(&contexts[provider->number]);
    if (context == 0)
    {
        void *(*create)(void) = (void *(*)(void))provider_symbol(provider, "GEOS_init_r");
        context = create != NULL ? (uintptr_t)create() : 0;
        atomic_store(&contexts[provider->number], context);
    }
    return context;
}

struct held_children {
    handle_id root;
    handle_id found;
};

static bool find_held_child(struct tracker *tracker, handle_id id, void *context)
{
    struct held_children *children = context;
    if (id != children->root && tracker_handle(tracker, id)->state == HANDLE_HELD)
        children->found = id;
    return children->found == 0;
}

/* HF106 of dependants that nobody touched between the free and now: told when the free really happens while they live. */
static bool tell_if_due(handle_id id, uint32_t serial)
{
    struct handle_record *record = tracker_handle(TRACKER, id);
    if (record->serial != serial || record->state != HANDLE_HELD || (record->flags & HANDLE_REPORTED))
        return true;
    handle_id child = 0;
    if (children_alive(TRACKER, id, BORROWED_DEAD, &child) != CHILDREN_DEPENDANTS || !is_due_at_free(child))
        return true;
    record->flags |= HANDLE_REPORTED;
    struct violation violation = {0};
    violation_describe(&violation, 106, record->death_function, child, id);
    tracker_unlock(TRACKER);
    violation.used = violation.freed;
    violation.action = ACTION_held;
    violation.freeing = true;
    char sentence[2 * DESCRIPTION_BYTES];
    report_violation(&violation, sentence, sizeof sentence);
    return lock_near_record(id);
}

void hold_release(handle_id id, uint32_t serial)
{
    for (;;)
    {
        if (!lock_near_record(id))
            return;
        struct handle_record *record = tracker_handle(TRACKER, id);
        if (record == NULL || record->serial != serial || record->state != HANDLE_HELD || is_pinned(tracker_hold(TRACKER, id)))
        {
            tracker_unlock(TRACKER);
            return;
        }
        struct held_children children = {.root = id};
        tree_walk(TRACKER, id, true, find_held_child, &children);
        if (children.found == 0)
            break;
        uint32_t child_serial = tracker_handle(TRACKER, children.found)->serial;
        tracker_unlock(TRACKER);
        hold_release(children.found, child_serial); /* children first */
        const struct handle_record *child = tracker_handle(TRACKER, children.found);
        if (child->serial == child_serial && child->state == HANDLE_HELD)
            return; /* it stays, so its parent does */
    }
    struct handle_record *record = tracker_handle(TRACKER, id);
    if (!tell_if_due(id, serial))
        return;
    struct provider *provider = provider_by_number(record->provider);
    if (record->serial != serial || record->state != HANDLE_HELD || provider == NULL)
    {
        tracker_unlock(TRACKER);
        return;
    }
    enum function function = record->death_function;
    const struct hold_record *hold = tracker_hold(TRACKER, id);
    uintptr_t arguments[2] = {hold->arguments[0], hold->arguments[1]};
    const struct function_info *info = &function_table[function];
    for (unsigned i = 0; i < info->argument_count && i < 2; i++)
        if (argument_kinds[info->first_argument + i] == KIND_geos_context)
            arguments[i] = own_geos_context(provider);
    struct view view = {.real = provider->real, .provider = provider, .library = (uint8_t)provider->library, .number = provider->number, .tag = view_tag(provider->number)};
    struct call call;
    call_start(&call, &view, function, 0);
    call.stack_taken = true;
    call.stack = record->death_stack;
    handle_unhold(TRACKER, id);
    dying_begin(&call, id, VERB_frees, CAUSE_FREED);
    tracker_unlock(TRACKER);
    tracker_count(TRACKER, COUNTER_released);
    void (*real)(uintptr_t, uintptr_t, uintptr_t, uintptr_t) =
        (void (*)(uintptr_t, uintptr_t, uintptr_t, uintptr_t))find_real(provider, function);
    fence_watch_arm(&call.watch);
    calling_provider = provider;
    if (real != NULL)
        real(arguments[0], arguments[1], 0, 0);
    calling_provider = call.passing.outer_provider;
    dying_end(&call);
}

void hold_children_may_be_gone(uint32_t waiting_ancestor, uint32_t serial)
{
    if (waiting_ancestor == 0 || TRACKER->base == NULL || !lock_near_record(waiting_ancestor))
        return;
    struct handle_record *record = tracker_handle(TRACKER, waiting_ancestor);
    bool due = false;
    if (record != NULL && record->serial == serial && record->state == HANDLE_HELD && (record->flags & HANDLE_GRACE) == 0)
    {
        handle_id example = 0;
        enum children children = children_alive(TRACKER, waiting_ancestor, holdfast_options.borrowed, &example);
        due = children == CHILDREN_NONE;
        if (children == CHILDREN_GRACE)
            give_grace(record, tracker_hold(TRACKER, waiting_ancestor)); /* only callers without a trace are left: the bounded ring takes over */
    }
    tracker_unlock(TRACKER);
    if (due)
        hold_release(waiting_ancestor, serial);
}

/* `path` without its last extension, as a length. */
static size_t stem_length(const char *path)
{
    const char *slash = strrchr(path, '/'), *dot = strrchr(path, '.');
    return dot != NULL && (slash == NULL || dot > slash + 1) ? (size_t)(dot - path) : strlen(path);
}

static bool is_below(const char *path, const char *directory)
{
    size_t length = strlen(directory);
    while (length > 1 && directory[length - 1] == '/')
        length--;
    return length > 0 && strncmp(path, directory, length) == 0 && path[length] == '/';
}

/* Could an open, create, rename or delete of `path` meet the files of a dataset opened as `other`? */
static bool related_files(const char *path, const char *other, const struct stat *status)
{
    struct stat other_status;
    size_t stem = stem_length(path);
    return strcmp(path, other) == 0 || is_below(path, other) || is_below(other, path) ||
           (stem == stem_length(other) && strncmp(path, other, stem) == 0) ||
           (status != NULL && stat(other, &other_status) == 0 && other_status.st_dev == status->st_dev && other_status.st_ino == status->st_ino);
}

enum settling { SETTLE_FILE, SETTLE_FILES, SETTLE_POSTPONED, SETTLE_EVERYTHING };

static bool must_settle(const struct handle_record *record, enum settling what, const char *path, const struct stat *status)
{
    if (what == SETTLE_EVERYTHING)
        return true;
    if (what == SETTLE_POSTPONED)
        return (record->flags & HANDLE_REFUSED) == 0;
    if (kind_table[record->kind].flush == NULL)
        return false; /* only datasets sit on files */
    /* One without a name may sit on any. */
    return what == SETTLE_FILES || record->label == 0 || (record->flags & HANDLE_NUMBER) != 0 ||
           related_files(path, tracker_text(TRACKER, record->label), status);
}

static void settle(enum settling what, const char *path)
{
    struct stat status;
    bool on_disk = path != NULL && stat(path, &status) == 0;
    unsigned patience_ms = what == SETTLE_POSTPONED ? 0 : 200; /* for late uses under way on other threads; not for ever, this thread may be inside one itself */
    while (hold_any())
    {
        handle_id found = 0;
        bool busy = false;
        uint32_t serial = 0;
        if (!tracker_queue_lock(TRACKER)) /* kind, label and flags of what is in it were there before, and stay */
            return;
        for (handle_id id = tracker_header(TRACKER)->hold_head; id != 0 && found == 0;)
        {
            const struct hold_record *hold = tracker_hold(TRACKER, id);
            if (must_settle(tracker_handle(TRACKER, id), what, path, on_disk ? &status : NULL))
            {
                bool pinned = is_pinned(hold);
                busy = busy || pinned;
                found = pinned ? 0 : id;
                serial = hold->serial;
            }
            id = hold->next;
        }
        tracker_queue_unlock(TRACKER);
        if (found == 0 && busy && patience_ms > 0)
        {
            patience_ms--;
            usleep(1000);
            continue;
        }
        if (found == 0)
            return;
        hold_release(found, serial);
        const struct handle_record *record = tracker_handle(TRACKER, found);
        if (record->serial == serial && record->state == HANDLE_HELD)
            return; /* it cannot be released: do not try for ever */
    }
}

void hold_settle_file(const char *path)
{
    if (path != NULL && hold_any())
        settle(SETTLE_FILE, path);
}

void hold_settle_all(bool everything)
{
    settle(everything ? SETTLE_EVERYTHING : SETTLE_FILES, NULL);
}

unsigned hold_settle_postponed(void)
{
    unsigned left = 0;
    if (!hold_any())
        return 0;
    settle(SETTLE_POSTPONED, NULL);
    if (!tracker_queue_lock(TRACKER))
        return 0;
    for (handle_id id = tracker_header(TRACKER)->hold_head; id != 0; id = tracker_hold(TRACKER, id)->next)
        left += must_settle(tracker_handle(TRACKER, id), SETTLE_POSTPONED, NULL, NULL);
    tracker_queue_unlock(TRACKER);
    return left;
}

void hold_drop_refused(void)
{
    for (handle_id id = tracker_header(TRACKER)->hold_head, next; id != 0; id = next)
    {
        next = tracker_hold(TRACKER, id)->next;
        if (tracker_handle(TRACKER, id)->flags & HANDLE_REFUSED)
            handle_unhold(TRACKER, id);
    }
}
