/* Bounds that were reached: see limits.h. A bound is met with locks held, so what is to be told is marked there and told on a slow path. */
#include "limits.h"
#include "context.h"
#include "control.h"
#include "report.h"
#include <stdatomic.h>
#include <stdio.h>

static _Atomic unsigned reached, told; /* a bit each */

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

void limits_tell(bool all)
{
    for (unsigned limit = 0; limit < LIMIT_COUNT; limit++)
    {
        unsigned bit = 1u << limit;
        if ((atomic_load(&reached) & bit) == 0 || (table[limit].quiet && !all) || (atomic_fetch_or(&told, bit) & bit) != 0)
            continue;
        char text[300];
        snprintf(text, sizeof text, "a limit was reached: %s; to change that: %s (said once)", table[limit].words, table[limit].option);
        report_notice(text);
    }
}

void limits_after_fork_child(void)
{
    atomic_store(&reached, 0);
    atomic_store(&told, 0);
}
