/* The dump: see dump.h.
 *
 * On a signal it is written by the handler itself, so that a process which sits in a blocking call tells what it knows, too. The handler runs on a stack of its own, with
 * signals blocked, and takes the tracker's and the report's lock by trying, with a bound. Where the thread that it interrupted is inside Holdfast, or a lock is not to be had, the next
 * call off the fast path writes it (control.h). Nothing here allocates, or asks the dynamic linker while in the handler: native places are offsets then.
 * What is young is read as it stands in the handler, without entering any thread's set: one that is being born or freed at this very moment may be missing.
 */
#include "dump.h"
#include "call.h"
#include "control.h"
#include "counters.h"
#include "crash.h"
#include "report_parts.h"
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define STACK_BYTES (256u * 1024)
#define PLACES 512u
#define PLACES_SHOWN 40u
#define THREADS_SHOWN 64u
#define LOCK_TRIES 300u /* of a millisecond */

static _Atomic bool busy;    /* one dump at a time: what follows is its */
static uint8_t *stack_top;   /* NULL: no signal */
static __thread bool in_handler __attribute__((tls_model("initial-exec")));

enum life { ALIVE, LENT, HELD };
static const char *const life_words[] = {[ALIVE] = "alive", [LENT] = "lent", [HELD] = "held"};

/* Handles of one kind, made at one place, in one state. */
struct group {
    uint64_t place;
    uint32_t count; /* 0: free */
    uint16_t kind;
    uint8_t life;
    stack_id birth;
    char example[160];
};

static struct {
    struct group groups[PLACES];
    uint16_t order[PLACES];
    unsigned group_count;
    uint64_t crowded; /* handles for which there was no group */
    uint64_t total[3], of_kind[KIND_COUNT];
    struct {
        uint32_t thread;
        char name[16], call[400];
    } threads[THREADS_SHOWN];
    unsigned thread_count;
} found;

bool dump_is_in_handler(void)
{
    return in_handler;
}

/* ---- what is there, [tracker locked] ---------------------------------------------------------------------------------------- */

static struct group *group_of(uint16_t kind, enum life life, stack_id birth)
{
    uint64_t place = place_key(birth), hash = (place + kind * 3u + life) * UINT64_C(0x9e3779b97f4a7c15);
    for (unsigned probe = 0; probe < PLACES; probe++) {
        struct group *group = &found.groups[((hash >> 40) + probe) & (PLACES - 1)];
        if (group->count == 0) {
            *group = (struct group){.place = place, .kind = kind, .life = (uint8_t)life, .birth = birth};
            found.order[found.group_count++] = (uint16_t)(group - found.groups);
            return group;
        }
        if (group->place == place && group->kind == kind && group->life == life)
            return group;
    }
    found.crowded++;
    return NULL;
}

static struct group *count_one(uint16_t kind, enum life life, stack_id birth)
{
    if (kind >= KIND_COUNT)
        return NULL;
    found.total[life]++;
    found.of_kind[kind]++;
    struct group *group = group_of(kind, life, birth);
    if (group != NULL)
        group->count++;
    return group;
}

static void count_young(uintptr_t address, const struct young_birth *birth, stack_id stack, bool held, bool given, void *unused)
{
    (void)given;
    (void)unused;
    struct group *group = count_one(birth->kind, held ? HELD : birth->borrowed ? LENT : ALIVE, stack);
    struct violation words = {0};
    enum handle_state state;
    if (group != NULL && group->count == 1 && young_tell(address, 0, &words, &state))
        snprintf(group->example, sizeof group->example, "%.*s", (int)sizeof group->example - 1, words.handle);
}

static void tell_call(const struct call_cell *cell, char *out, size_t bytes)
{
    uintptr_t address = (uintptr_t)(cell->handle << 8 >> 16);
    unsigned kind = (unsigned)(cell->handle & 0xff);
    char words[DESCRIPTION_BYTES] = "";
    struct violation young = {0};
    enum handle_state state;
    handle_id id = address != 0 ? handle_find(TRACKER, address, NULL, NULL) : 0;
    if (id != 0)
        describe_handle(id, words, sizeof words);
    else if (address != 0 && young_tell(address, 0, &young, &state))
        snprintf(words, sizeof words, "%s", young.handle);
    else if (address != 0)
        snprintf(words, sizeof words, "a %s that Holdfast does not know", kind_table[kind < KIND_COUNT ? kind : 0].words);
    snprintf(out, bytes, "%s%s%s", function_table[cell->function - 1].name, words[0] != '\0' ? " on " : "", words);
}

static void gather(bool with_young)
{
    memset(&found, 0, sizeof found);
    uint32_t used = tracker_header(TRACKER)->sections[SECTION_HANDLES].used;
    for (handle_id id = 1; id < used; id++) {
        const struct handle_record *record = tracker_handle(TRACKER, id);
        if (record->state != HANDLE_LIVE && record->state != HANDLE_HELD)
            continue;
        struct group *group = count_one(record->kind, record->state == HANDLE_HELD ? HELD : (record->flags & HANDLE_BORROWED) != 0 ? LENT : ALIVE, record->birth_stack);
        if (group != NULL && group->count == 1)
            describe_handle(id, group->example, sizeof group->example);
    }
    if (with_young)
        young_each(count_young, NULL);
    for (unsigned i = 1; i <= counters_last() && found.thread_count < THREADS_SHOWN; i++) {
        const struct call_cell *cell = counters_cell(i);
        if (cell == NULL || atomic_load(&cell->owner) == 0 || cell->function == 0 || cell->function > FUNCTION_COUNT)
            continue;
        found.threads[found.thread_count].thread = cell->thread;
        memcpy(found.threads[found.thread_count].name, cell->name, sizeof cell->name);
        tell_call(cell, found.threads[found.thread_count].call, sizeof found.threads[0].call);
        found.thread_count++;
    }
}

/* The largest first: by insertion, for they are few and qsort() may allocate. */
static void sort_groups(void)
{
    for (unsigned i = 1; i < found.group_count; i++) {
        uint16_t one = found.order[i];
        unsigned at = i;
        for (; at > 0 && found.groups[found.order[at - 1]].count < found.groups[one].count; at--)
            found.order[at] = found.order[at - 1];
        found.order[at] = one;
    }
}

/* ---- in words, [report lock held] ----------------------------------------------------------------------------------------------- */

static void sentence(char *out, size_t bytes)
{
    snprintf(out, bytes, "%lu handles are alive, %lu lent ones with them, %lu are held", (unsigned long)found.total[ALIVE], (unsigned long)found.total[LENT], (unsigned long)found.total[HELD]);
}

static const struct group *group_at(unsigned i, char *where, size_t bytes)
{
    const struct group *group = &found.groups[found.order[i]];
    struct place place = find_place(group->birth);
    place_text(&place, where, bytes);
    return group;
}

static unsigned groups_shown(void)
{
    return found.group_count < PLACES_SHOWN ? found.group_count : PLACES_SHOWN;
}

static const char *const counter_words[] = {
#define X(name, words) words,
    ARENA_COUNTERS(X)
#undef X
};
static const char *const counter_names[] = {
#define X(name, words) #name,
    ARENA_COUNTERS(X)
#undef X
};

static void put_dump_text(void)
{
    char text[400];
    int pid = (int)getpid();
    sentence(text, sizeof text);
    put("==%d== Holdfast dump: %s\n", pid, text);
    for (unsigned kind = 0; kind < KIND_COUNT; kind++)
        if (found.of_kind[kind] != 0)
            put("==%d==   kind      %s: %lu\n", pid, kind_table[kind].words, (unsigned long)found.of_kind[kind]);
    for (unsigned i = 0; i < groups_shown(); i++) {
        const struct group *group = group_at(i, text, sizeof text);
        put("==%d==   place     %s: %u %s, %s%s\n", pid, text, group->count, life_words[group->life], group->count > 1 ? "e.g. " : "", group->example);
    }
    if (found.group_count > PLACES_SHOWN || found.crowded != 0)
        put("==%d==   place     %u further ones are left out\n", pid, found.group_count - groups_shown() + (found.crowded != 0));
    for (unsigned i = 0; i < found.thread_count; i++)
        put("==%d==   thread    %u '%.15s' is in, or called last: %s\n", pid, found.threads[i].thread, found.threads[i].name, found.threads[i].call);
    for (unsigned i = 0; i < COUNTER_COUNT; i++)
        if (tracker_header(TRACKER)->counters[i] != 0)
            put("==%d==   counted   %lu %s\n", pid, (unsigned long)tracker_header(TRACKER)->counters[i], counter_words[i]);
    put("==%d== \n", pid);
}

static void put_dump_json(void)
{
    char text[400];
    bool first = true;
    put_json_head("dump");
    put(",\"alive\":%lu,\"lent\":%lu,\"held\":%lu,\"kinds\":{", (unsigned long)found.total[ALIVE], (unsigned long)found.total[LENT], (unsigned long)found.total[HELD]);
    for (unsigned kind = 0; kind < KIND_COUNT; kind++)
        if (found.of_kind[kind] != 0) {
            put("%s\"%s\":%lu", first ? "" : ",", kind_table[kind].name, (unsigned long)found.of_kind[kind]);
            first = false;
        }
    put("},\"places\":[");
    for (unsigned i = 0; i < groups_shown(); i++) {
        const struct group *group = group_at(i, text, sizeof text);
        put("%s{\"place\":", i > 0 ? "," : "");
        put_json_string(text);
        put(",\"kind\":\"%s\",\"state\":\"%s\",\"count\":%u,\"example\":", kind_table[group->kind].name, life_words[group->life], group->count);
        put_json_string(group->example);
        put("}");
    }
    put("],\"threads\":[");
    for (unsigned i = 0; i < found.thread_count; i++) {
        put("%s{\"thread\":%u,\"name\":", i > 0 ? "," : "", found.threads[i].thread);
        put_json_string(found.threads[i].name);
        put(",\"call\":");
        put_json_string(found.threads[i].call);
        put("}");
    }
    put("],\"counters\":{");
    for (unsigned i = 0; i < COUNTER_COUNT; i++)
        put("%s\"%s\":%lu", i > 0 ? "," : "", counter_names[i], (unsigned long)tracker_header(TRACKER)->counters[i]);
    put("}}\n");
}

static void put_dump_otlp(void)
{
    char text[400], key[80];
    sentence(text, sizeof text);
    put_otlp_begin("holdfast.dump", 9, text);
    for (unsigned kind = 0; kind < KIND_COUNT; kind++)
        if (found.of_kind[kind] != 0) {
            snprintf(key, sizeof key, "holdfast.kind.%s", kind_table[kind].name);
            put_otlp_number(key, found.of_kind[kind]);
        }
    for (unsigned i = 0; i < groups_shown(); i++) {
        const struct group *group = group_at(i, text, sizeof text);
        size_t used = strlen(text);
        snprintf(text + used, sizeof text - used, ": %u %s, %s", group->count, life_words[group->life], group->example);
        snprintf(key, sizeof key, "holdfast.place.%u", i + 1);
        put_otlp_string(key, text);
    }
    put_otlp_end();
}

static uint64_t handles_found(void)
{
    return found.total[ALIVE] + found.total[LENT] + found.total[HELD];
}

/* [report lock held] */
static void write_dump(void)
{
    void (*const writers[])(void) = {[FORMAT_text] = put_dump_text, [FORMAT_json] = put_dump_json, [FORMAT_otlp] = put_dump_otlp};
    sort_groups();
    report_begin();
    writers[holdfast_options.log_format]();
    report_write();
}

/* ---- on request -------------------------------------------------------------------------------------------------------------------- */

uint64_t dump_write(void)
{
    uint64_t count = 0;
    if (!holdfast_is_active() || report_is_interrupted() || atomic_exchange(&busy, true))
        return 0;
    young_settle_everything();
    young_publish();
    counters_publish();
    if (tracker_lock(TRACKER)) {
        gather(false);
        tracker_unlock(TRACKER);
        count = handles_found();
        report_hold();
        write_dump();
        report_let_go();
    }
    atomic_store(&busy, false);
    return count;
}

void dump_write_late(void)
{
    dump_write();
}

/* ---- on a signal ----------------------------------------------------------------------------------------------------------------------- */

static bool try_to_lock(void)
{
    const struct timespec moment = {.tv_nsec = 1000000};
    if (tracker_is_mine(TRACKER))
        return false;
    for (unsigned turn = 0; turn < LOCK_TRIES; turn++) {
        if (tracker_try_lock(TRACKER))
            return true;
        nanosleep(&moment, NULL);
    }
    return false;
}

/* On our own stack, all signals blocked. */
static void write_in_handler(void *done, void *unused, void *unused_too)
{
    (void)unused;
    (void)unused_too;
    if (!try_to_lock())
        return;
    gather(true);
    tracker_unlock(TRACKER);
    if (!report_try_hold())
        return;
    write_dump();
    report_let_go();
    *(bool *)done = true;
}

/* Not in a child that shares its parent's memory (vfork): what it would write is its parent's. */
static bool is_in_force(void)
{
    return stack_top != NULL && holdfast_is_active() && tracker_header(TRACKER)->pid == (uint32_t)getpid();
}

static void dump_now(void)
{
    bool done = false;
    sigset_t all, before;
    if (report_is_interrupted() || atomic_exchange(&busy, true)) {
        control_attend(ATTENTION_dump);
        return;
    }
    sigfillset(&all);
    for (int signal = 1; signal < 32; signal++)
        if (sigchain_index(signal) >= 0)
            sigdelset(&all, signal);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    in_handler = true;
    crash_call_on_stack(stack_top, write_in_handler, &done, NULL, NULL);
    in_handler = false;
    atomic_store(&busy, false);
    if (!done)
        control_attend(ATTENTION_dump);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void dump_on_signal(int signal, siginfo_t *info, void *context)
{
    int error = errno;
    if (is_in_force())
        dump_now();
    errno = error;
    struct sigchain_handler handler = sigchain_handler(signal);
    if (handler.handler == (uintptr_t)SIG_DFL || handler.handler == (uintptr_t)SIG_IGN)
        return;
    if ((handler.flags & (int)SA_RESETHAND) != 0)
        sigchain_reset(signal);
    ((void (*)(int, siginfo_t *, void *))handler.handler)(signal, info, context);
}

void dump_activate(void)
{
    if (holdfast_options.dump_signal == 0)
        return;
    void *stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (stack == MAP_FAILED)
        return;
    stack_top = (uint8_t *)stack + STACK_BYTES;
    sigchain_watch(holdfast_options.dump_signal);
}

void dump_after_fork_child(void)
{
    if (stack_top != NULL)
        sigchain_after_fork_child();
    atomic_store(&busy, false);
    in_handler = false;
}
