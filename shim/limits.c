/* Bounds that were reached: see limits.h. A bound is met with locks held, so what is to be told is marked there and told on a slow path. */
#include "limits.h"
#include "context.h"
#include "control.h"
#include "report.h"
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

static _Atomic unsigned reached, told; /* a bit each */
static uint64_t arena_asked;

#define ARENA_IS_FULL (1u << LIMIT_handles | 1u << LIMIT_holds | 1u << LIMIT_relations | 1u << LIMIT_stacks | 1u << LIMIT_strings)

static const struct {
    const char *option, *words;
    bool quiet;
} table[] = {
#define X(name, option, quiet, words) {option, words, quiet},
    LIMITS(X)
#undef X
};

void limit_reached(enum limit limit)
{
    unsigned bit = 1u << limit;
    if ((atomic_load_explicit(&reached, memory_order_relaxed) & bit) != 0 || (atomic_fetch_or(&reached, bit) & bit) != 0)
        return;
    if (!table[limit].quiet)
        control_attend(ATTENTION_limits);
}

void limits_look(void)
{
    static const struct {
        enum arena_counter counter;
        enum limit limit;
    } dropped[] = {{COUNTER_dropped_handles, LIMIT_handles}, {COUNTER_dropped_holds, LIMIT_holds}, {COUNTER_dropped_edges, LIMIT_relations}, {COUNTER_dropped_stacks, LIMIT_stacks},
                   {COUNTER_dropped_strings, LIMIT_strings}, {COUNTER_fence_evictions, LIMIT_fences}};
    if (holdfast_tracker.base == NULL)
        return;
    const uint64_t *counters = tracker_header(&holdfast_tracker)->counters;
    for (unsigned i = 0; i < sizeof dropped / sizeof dropped[0]; i++)
        if (__atomic_load_n(&counters[dropped[i].counter], __ATOMIC_RELAXED) != 0)
            limit_reached(dropped[i].limit);
}

void limits_look_at_arena(uint64_t asked_bytes)
{
    arena_asked = asked_bytes - asked_bytes % (uint64_t)sysconf(_SC_PAGESIZE); /* as tracker_open() takes it */
    if (holdfast_tracker.bytes < arena_asked)
        limit_reached(LIMIT_space);
}

uint64_t limits_arena_asked(void)
{
    return arena_asked;
}

/* That the arena is small is told where somebody is told to raise arena_size, too: that alone would change nothing. */
static bool is_to_be_told(unsigned limit, bool all)
{
    unsigned now = atomic_load(&reached);
    if ((now & 1u << limit) == 0)
        return false;
    return all || !table[limit].quiet || (limit == LIMIT_space && (now & ARENA_IS_FULL) != 0);
}

void limits_tell(bool all)
{
    for (unsigned limit = 0; limit < LIMIT_COUNT; limit++)
    {
        unsigned bit = 1u << limit;
        if (!is_to_be_told(limit, all) || (atomic_fetch_or(&told, bit) & bit) != 0)
            continue;
        char text[300], sizes[60] = "";
        if (limit == LIMIT_space)
            snprintf(sizes, sizeof sizes, ": %llu KiB instead of %llu", (unsigned long long)holdfast_tracker.bytes >> 10, (unsigned long long)arena_asked >> 10);
        snprintf(text, sizeof text, "a limit was reached: %s%s; to change that: %s (said once)", table[limit].words, sizes, table[limit].option);
        report_notice(text);
    }
}

void limits_after_fork_child(void)
{
    atomic_fetch_and(&reached, 1u << LIMIT_space); /* the child's arena is no larger */
    atomic_store(&told, 0);
}
