/* Control of a running process: see control.h and tracker/control_block.h.
 *
 * Requests are carried out on a slow path, by the thread that comes by first; the others go on meanwhile, and so do those that are inside a call. That is enough because
 *  - an option is one word that each judgement reads for itself: a call that stands between two modes does what one of them says, wholly;
 *  - what the old mode postponed is carried out when the new one postpones nothing, also what is being postponed at that very moment (ATTENTION_settle);
 *  - off means that nothing is known any more of what lives: it may be freed and its address be used again unseen. What is dead and fenced stays known, because its
 *    address cannot be used again. It is forgotten twice, when Holdfast goes off and when it comes on again, because calls that began before may still record something.
 *
 * Not from a signal handler that interrupted Holdfast: then the next call does it. The handlers installed here only set a mark.
 */
#include "control.h"
#include "call.h"
#include "clock.h"
#include "dump.h"
#include "fence.h"
#include "forks.h"
#include "hold.h"
#include "limits.h"
#include "log.h"
#include "memory.h"
#include "report.h"
#include "strings.h"
#include "young.h"
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct control_block holdfast_control __attribute__((aligned(CONTROL_ALIGNMENT))) = {.magic = CONTROL_MAGIC, .version = CONTROL_VERSION, .bytes = sizeof(struct control_block)};

static _Atomic bool busy;
static _Atomic uint64_t settle_until_ms;

void control_attend(enum attention what)
{
    __atomic_fetch_or(&holdfast_control.attention, what, __ATOMIC_RELAXED);
}

/* ---- memory ----------------------------------------------------------------------------------------------------------- */

void control_measure(void)
{
    struct control_block *block = &holdfast_control;
    if (TRACKER->base == NULL)
        return;
    block->memory_arena_bound = TRACKER->bytes;
    block->memory_arena = memory_resident(TRACKER->base, TRACKER->bytes);
    block->memory_fenced = tracker_header(TRACKER)->fence_bytes;
    block->memory_young = young_memory();
    block->young_held = young_held();
    _Atomic uint64_t *wide = atomic_load_explicit(&wide_cache, memory_order_acquire);
    block->memory_tables = memory_resident(good_cache, sizeof good_cache) + memory_resident(lender_cache, sizeof lender_cache) + memory_resident(loan_cache, sizeof loan_cache) +
                           memory_resident(site_cache, sizeof site_cache) + memory_resident(handle_filter, sizeof(union handle_filter_slot) * HANDLE_FILTER_SLOTS) +
                           (wide != NULL ? memory_resident(wide, sizeof(uint64_t) << WIDE_BITS) : 0);
}

/* ---- what a request does ------------------------------------------------------------------------------------------------ */

static unsigned settle_postponed(void)
{
    young_settle_everything();
    return hold_settle_postponed();
}

/* For the time in which a thread may still be on its way from reading the old mode to postponing something. What comes later than that waits as it would have in the
 * old mode, and is freed like it: with its last child, or at the end. */
#define SETTLE_MS 2000

static void change_options(const char *text, char *answer, size_t bytes, enum control_outcome *outcome)
{
    static struct options changed; /* one request at a time */
    enum mode before = holdfast_options.mode;
    changed = holdfast_options;
    char error[400];
    if (!options_parse_request(&changed, text, error, sizeof error))
    {
        snprintf(answer, bytes, "%s; nothing was changed", error);
        *outcome = CONTROL_REFUSED;
        return;
    }
    bool same_log = memcmp(&changed.log, &holdfast_options.log, sizeof changed.log) == 0;
    report_hold();
    options_take_changes(&holdfast_options, &changed);
    report_let_go();
    if (!same_log)
        log_check_path();
    snprintf(answer, bytes, "changed: %.800s", text);
    if (before == MODE_report || holdfast_options.mode != MODE_report)
        return;
    uint64_t released = tracker_header(TRACKER)->counters[COUNTER_released];
    unsigned left = settle_postponed();
    young_publish();
    atomic_store(&settle_until_ms, now_ms() + SETTLE_MS);
    control_attend(ATTENTION_settle);
    size_t used = strlen(answer);
    snprintf(answer + used, bytes - used, "; %lu postponed frees were carried out", (unsigned long)(tracker_header(TRACKER)->counters[COUNTER_released] - released));
    used = strlen(answer);
    if (left > 0 && used < bytes)
        snprintf(answer + used, bytes - used, ", %u are in use on other threads and follow", left);
}

#define FORGET_AT_ONCE 4096u

/* [tracker locked] Does a call work on it right now, or on what hangs on it? */
static bool is_busy(handle_id id, const struct handle_record *record)
{
    const struct hold_record *hold = tracker_hold(TRACKER, id);
    return hold != NULL ? hold->pins != 0 : record->state == HANDLE_BURIED && record->burier != 0;
}

/* Of handles that live, or that died and whose addresses are not kept back, nothing is certain. */
static void forget_everything(void)
{
    young_settle_everything();
    for (handle_id id = 1, used = 2; id < used;)
    {
        if (!tracker_lock(TRACKER))
            return;
        used = tracker_header(TRACKER)->sections[SECTION_HANDLES].used;
        for (unsigned i = 0; i < FORGET_AT_ONCE && id < used; i++, id++)
        {
            const struct handle_record *record = tracker_handle(TRACKER, id);
            if (record->state != HANDLE_FREE_RECORD && (record->flags & HANDLE_FENCED) == 0 && !is_busy(id, record))
                forget_unseen(id);
        }
        tracker_unlock(TRACKER);
    }
    forget_all_good();
}

static void switch_off(char *answer, size_t bytes)
{
    uint64_t released = tracker_header(TRACKER)->counters[COUNTER_released];
    provider_pass_all(true);
    unsigned left = settle_postponed();
    if (tracker_lock(TRACKER))
    {
        hold_drop_refused();
        tracker_unlock(TRACKER);
    }
    forget_everything();
    fence_pass(true);
    young_publish();
    __atomic_store_n(&holdfast_control.passing, 1, __ATOMIC_RELEASE);
    snprintf(answer, bytes, "off: calls pass unwatched; %lu postponed frees were carried out", (unsigned long)(tracker_header(TRACKER)->counters[COUNTER_released] - released));
    size_t used = strlen(answer);
    if (left > 0 && used < bytes)
        snprintf(answer + used, bytes - used, ", %u are in use on other threads and wait for the end of those calls", left);
}

static void switch_on(char *answer, size_t bytes)
{
    forget_everything();
    fence_pass(false);
    provider_pass_all(false);
    __atomic_store_n(&holdfast_control.passing, 0, __ATOMIC_RELEASE);
    snprintf(answer, bytes, "on: what is made from now on is watched; of what lives already nothing is known");
}

static void obey(const char *text, char *answer, size_t bytes, enum control_outcome *outcome)
{
    *outcome = CONTROL_APPLIED;
    bool off = holdfast_control.passing != 0;
    if (!holdfast_options.ctl)
    {
        *outcome = CONTROL_REFUSED;
        snprintf(answer, bytes, "this process takes no requests: it was started with ctl=0");
    }
    else if (strcmp(text, "measure") == 0)
        snprintf(answer, bytes, "measured");
    else if (strcmp(text, "off") == 0 && !off)
        switch_off(answer, bytes);
    else if (strcmp(text, "on") == 0 && off)
        switch_on(answer, bytes);
    else if (strcmp(text, "off") == 0 || strcmp(text, "on") == 0)
        snprintf(answer, bytes, "it is %s already", text);
    else if (strcmp(text, "settle") == 0)
    {
        unsigned left = settle_postponed();
        young_publish();
        snprintf(answer, bytes, left == 0 ? "all postponed frees were carried out" : "%u postponed frees are in use on other threads, all others were carried out", left);
    }
    else if (strcmp(text, "dump") == 0)
    {
        uint64_t handles = report_handles();
        snprintf(answer, bytes, "%lu handles were written to the log", (unsigned long)handles);
    }
    else if (strcmp(text, "rotate") == 0)
    {
        log_begin_new_file();
        snprintf(answer, bytes, holdfast_options.log.place == LOG_file ? "the next report begins a new file" : "the log is no file: there is nothing to do");
    }
    else
        change_options(text, answer, bytes, outcome);
}

/* False: there is none, or it is still being written. */
static bool take_request(uint32_t *number, char text[CONTROL_TEXT_BYTES])
{
    struct control_block *block = &holdfast_control;
    *number = __atomic_load_n(&block->request, __ATOMIC_ACQUIRE);
    if (*number == block->answered)
        return false;
    memcpy(text, block->text, CONTROL_TEXT_BYTES);
    text[CONTROL_TEXT_BYTES - 1] = '\0';
    return control_sum(*number, text, strlen(text)) == __atomic_load_n(&block->sum, __ATOMIC_ACQUIRE);
}

static void carry_out_request(void)
{
    static char text[CONTROL_TEXT_BYTES];
    static char answer[CONTROL_ANSWER_BYTES];
    struct control_block *block = &holdfast_control;
    enum control_outcome outcome = CONTROL_REFUSED;
    struct timespec now;
    uint32_t number;
    if (!take_request(&number, text))
        return;
    answer[0] = '\0';
    obey(text, answer, sizeof answer, &outcome);
    control_measure();
    clock_gettime(CLOCK_REALTIME, &now);
    memcpy(block->answer, answer, sizeof answer);
    block->mode = holdfast_options.mode;
    block->answered_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
    __atomic_store_n(&block->outcome, (uint32_t)outcome, __ATOMIC_RELEASE);
    __atomic_store_n(&block->answered, number, __ATOMIC_RELEASE);
}

void control_look_slowly(void)
{
    if (!holdfast_is_active() || report_is_interrupted() || atomic_exchange(&busy, true))
        return;
    int saved_errno = errno;
    if (tracker_lock(TRACKER)) /* not held by this very thread, further up */
    {
        tracker_unlock(TRACKER);
        uint32_t attention = __atomic_exchange_n(&holdfast_control.attention, 0, __ATOMIC_RELAXED);
        if (control_requested())
            carry_out_request();
        if (attention & ATTENTION_settle)
        {
            if (holdfast_options.mode == MODE_report && now_ms() < atomic_load(&settle_until_ms))
                control_attend(ATTENTION_settle);
            if (holdfast_options.mode == MODE_report)
                settle_postponed();
        }
        if (attention & ATTENTION_dump)
            dump_write_late();
        if (attention & ATTENTION_limits)
            limits_tell(false);
    }
    errno = saved_errno;
    atomic_store(&busy, false);
}

/* ---- signals -------------------------------------------------------------------------------------------------------------- */

static void handle_signal(int number)
{
    if (number == holdfast_options.log_signal)
        log_begin_new_file();
    if (number == (int)holdfast_control.signal)
        provider_look_again();
}

/* Only where the program has not said what the signal means to it. Later it may, and then its handler holds. */
static bool watch_signal(int number, const char *option)
{
    int (*set)(int, const struct sigaction *, struct sigaction *) = (int (*)(int, const struct sigaction *, struct sigaction *))next_symbol("sigaction");
    struct sigaction ours = {.sa_flags = SA_RESTART}, theirs;
    ours.sa_handler = handle_signal;
    sigemptyset(&ours.sa_mask);
    if (number == 0)
        return false;
    if (set != NULL && set(number, NULL, &theirs) == 0 && (theirs.sa_handler == handle_signal || (theirs.sa_handler == SIG_DFL && set(number, &ours, NULL) == 0)))
        return true;
    char text[160];
    snprintf(text, sizeof text, "%s: the program handles or ignores SIG%s itself; choose another signal", option, number < SIGRTMIN ? sigabbrev_np(number) : "RT");
    log_complain(text);
    return false;
}

void control_activate(void)
{
    struct control_block *block = &holdfast_control;
    watch_signal(holdfast_options.log_signal, "log_signal");
    block->signal = watch_signal(holdfast_options.ctl_signal, "ctl_signal") ? (uint32_t)holdfast_options.ctl_signal : 0;
    block->mode = holdfast_options.mode;
    block->refuses = !holdfast_options.ctl;
    block->arena = (uintptr_t)TRACKER->base;
    block->arena_bytes = TRACKER->bytes;
    block->kinds = (uintptr_t)kind_table;
    block->kind_count = KIND_COUNT;
    block->kind_bytes = sizeof kind_table[0];
    block->functions = (uintptr_t)function_table;
    block->function_count = FUNCTION_COUNT;
    block->function_bytes = sizeof function_table[0];
    __atomic_store_n(&block->pid, (uint32_t)getpid(), __ATOMIC_RELEASE);
}

/* What the parent was asked is not asked of the child. */
void control_after_fork_child(void)
{
    struct control_block *block = &holdfast_control;
    block->answered = block->request;
    block->arena = (uintptr_t)TRACKER->base;
    block->pid = (uint32_t)getpid();
    atomic_store(&busy, false);
}
