/* What Holdfast knows of its own work: see counters.h. */
#include "counters.h"
#include "context.h"
#include "slots.h"
#include "stack.h"
#include "young.h"
#include <time.h>

#define CELLS 256u

static struct call_cell cells[CELLS] __attribute__((aligned(64)));
/* For threads beyond the bound: shared, so some counts get lost, and of nobody, so that trees take them by the slow path. */
static struct call_cell crowd = {.budget = CALL_BUDGET};
struct call_cell no_cell;
__thread struct call_cell *call_cell = &no_cell;
static __thread struct call_cell *own_cell __attribute__((tls_model("initial-exec")));

static bool take(struct call_cell *cell, uint32_t owner, uint32_t thread)
{
    if (!atomic_compare_exchange_strong(&cell->owner, &owner, thread))
        return false;
    if (cell->budget == 0)
        cell->budget = CALL_BUDGET;
    cell->until_timed = 16; /* not its very first visit, which finds out much that is known later */
    cell->thread = thread;
    return true;
}

static struct call_cell *find_cell(uint32_t thread)
{
    static _Atomic unsigned next; /* where the last search ended: threads that come and go find the dead one after the other */
    for (unsigned i = 0; i < CELLS; i++)
        if (atomic_load_explicit(&cells[i].owner, memory_order_relaxed) == 0 && take(&cells[i], 0, thread))
            return &cells[i];
    for (unsigned i = 0; i < CELLS; i++)
    {
        struct call_cell *cell = &cells[atomic_fetch_add(&next, 1) % CELLS];
        uint32_t owner = atomic_load(&cell->owner);
        if (slot_is_free((int32_t)owner, (int32_t)thread) && take(cell, owner, thread))
            return cell;
    }
    return &crowd;
}

void counters_enter(void)
{
    if (own_cell == NULL)
        own_cell = find_cell((uint32_t)tracker_thread());
    call_cell = own_cell;
    call_cell->budget--;
}

/* ---- time ------------------------------------------------------------------------------------------------------------- */

#define TIMED_DISTANCE 64u
#define PUBLISH_DISTANCE 16u /* timed visits between two */

static uint64_t first_ticks, first_ns;

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void counters_activate(void)
{
    first_ticks = processor_ticks();
    first_ns = now_ns();
}

/* The distances' low bits are those of the clock: no pattern of the program can keep step with them. */
uint64_t visit_timed_begin(void)
{
    uint64_t start = processor_ticks();
    call_cell->until_timed = TIMED_DISTANCE / 2 + (uint32_t)start % TIMED_DISTANCE;
    return start | 1;
}

void visit_timed_end(uint64_t start)
{
    struct call_cell *cell = call_cell;
    uint64_t ticks = processor_ticks() - start;
    if (ticks >> 40 == 0) { /* not one that slept for minutes in a signal handler, nor one whose clock went backwards */
        cell->timed_ticks += ticks;
        cell->timed_visits++;
    }
    if (cell->timed_visits % PUBLISH_DISTANCE == 1)
        counters_publish();
}

static void add_cell(const struct call_cell *cell, uint64_t *calls, uint64_t *visits, double *ticks)
{
    if (cell->budget == 0)
        return;
    *calls += (uint64_t)(CALL_BUDGET - cell->budget);
    *visits += cell->visits;
    if (cell->timed_visits != 0)
        *ticks += (double)cell->timed_ticks * (double)cell->visits / (double)cell->timed_visits;
}

void counters_publish(void)
{
    uint64_t calls = 0, visits = 0;
    double ticks = 0;
    if (holdfast_tracker.base == NULL)
        return;
    for (unsigned i = 0; i < CELLS; i++)
        add_cell(&cells[i], &calls, &visits, &ticks);
    add_cell(&crowd, &calls, &visits, &ticks);
    young_publish();
    uint64_t *counters = tracker_header(&holdfast_tracker)->counters, passed = processor_ticks() - first_ticks;
    __atomic_store_n(&counters[COUNTER_calls], calls, __ATOMIC_RELAXED);
    __atomic_store_n(&counters[COUNTER_visits], visits, __ATOMIC_RELAXED);
    __atomic_store_n(&counters[COUNTER_stacks_fast], stacks_fast_taken(), __ATOMIC_RELAXED);
    if (passed != 0)
        __atomic_store_n(&counters[COUNTER_inside_ns], (uint64_t)(ticks * (double)(now_ns() - first_ns) / (double)passed), __ATOMIC_RELAXED);
}

/* Only the thread that forked is there, and has another number now. */
void counters_after_fork_child(void)
{
    for (unsigned i = 0; i < CELLS; i++)
        if (&cells[i] != own_cell)
            atomic_store(&cells[i].owner, 0);
    if (own_cell != NULL && own_cell != &crowd)
    {
        own_cell->thread = (uint32_t)tracker_thread();
        atomic_store(&own_cell->owner, own_cell->thread);
    }
}
