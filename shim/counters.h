/* What Holdfast knows of its own work: how many calls it looked at, and what the slow ones cost.
 *
 * Every thread counts in a cell of its own, with plain stores, so that a call that is fine pays one instruction, and two more for saying which
 * call it is and on which handle: that is what is told of the thread when the process crashes or is killed. Cells are records of the arena: they
 * outlive their threads, and whoever sums them up (counters_publish) needs nobody's help. A cell is handed on when its thread is dead,
 * and goes on counting from where it stood. Before there is an arena all threads share one.
 *
 * Any thread, no lock, nothing here allocates.
 */
#ifndef HOLDFAST_SHIM_COUNTERS_H
#define HOLDFAST_SHIM_COUNTERS_H

#include "layout.h"
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CALL_BUDGET INT64_MAX

struct call_cell {
    int64_t budget;         /* CALL_BUDGET less the calls so far; below 1 in the cell of those who have none */
    uint64_t visits;        /* off the fast path: a call can make several, before and after the real function */
    uint64_t timed_visits;  /* of those, how many were timed */
    uint64_t timed_ticks;   /* of the processor's clock, in those */
    uint32_t thread;        /* kernel's number of the owner, 0 in a cell that several share */
    _Atomic uint32_t owner; /* the same, while it is somebody's; 0: free */
    uint32_t until_timed;   /* visits until the next that is timed */
    uint32_t function;      /* enum function of the call that is under way, or was the last, plus one */
    uint64_t handle;        /* its first handle as in the good cache (effects.h), 0: it takes none */
    uint32_t reserved[2];
    char name[16];          /* of the thread, when it came */
    uint32_t more_reserved[12];
};
_Static_assert(sizeof(struct call_cell) == sizeof(struct thread_record) && offsetof(struct call_cell, name) == 64 &&
                   offsetof(struct call_cell, owner) == offsetof(struct thread_record, owner) &&
                   offsetof(struct call_cell, function) == offsetof(struct thread_record, function) &&
                   offsetof(struct call_cell, handle) == offsetof(struct thread_record, handle) &&
                   offsetof(struct call_cell, name) == offsetof(struct thread_record, name),
               "a cell is a record of the arena, under another name");

/* This thread's cell. It points to `no_cell`, whose budget is always used up, as long as the thread has none, and when the next wrapper must not
 * take its fast path because dlsym_slot_used is set: one test for all three. */
extern __thread struct call_cell *call_cell __attribute__((visibility("hidden"), tls_model("initial-exec")));
extern struct call_cell no_cell __attribute__((visibility("hidden")));

/* A call is counted; false when it must ask enter_call_slowly(). */
static inline bool call_counted(void)
{
#if defined(__x86_64__)
    /* One instruction, and the flags that it leaves; gcc makes five of it. */
    bool more;
    __asm__("decq %0" : "+m"(call_cell->budget), "=@ccg"(more));
    return __builtin_expect(more, 1);
#else
    return __builtin_expect(--call_cell->budget > 0, 1);
#endif
}
/* What this thread is about to do. A callback of the program's may call again: then it is that call, also after its end. */
static inline void call_noted(uint32_t function, uint64_t handle)
{
    struct call_cell *cell = call_cell;
    cell->function = function + 1;
    cell->handle = handle;
}
uint64_t visit_timed_begin(void) __attribute__((noinline, cold, visibility("hidden")));
void visit_timed_end(uint64_t start) __attribute__((noinline, cold, visibility("hidden")));

/* Around each visit. Every 64th or so is timed, after a distance that varies: visits come in patterns. */
static inline uint64_t visit_begin(void)
{
    struct call_cell *cell = call_cell;
    cell->visits++;
    return __builtin_expect(cell->until_timed-- != 0, 1) ? 0 : visit_timed_begin();
}
static inline void visit_end(uint64_t start)
{
    if (__builtin_expect(start != 0, 0))
        visit_timed_end(start);
}

/* Was this fault the reading of the processor's clock, which the process forbade itself (prctl(PR_SET_TSC), and with it seccomp's strict mode)? Then it is as if it had
 * been read, and nothing is timed from now on. For the handler of SIGSEGV. */
bool counters_forgive_clock(void *context) __attribute__((visibility("hidden")));

/* Sum up what all threads counted, in the arena's counters. Often enough by itself that the arena of a killed process tells most of it. */
void counters_publish(void) __attribute__((visibility("hidden")));
/* The clock of the process starts. */
void counters_activate(void) __attribute__((visibility("hidden")));
/* The slow path of call_counted(): this thread has a cell from now on, and the call is counted there. */
void counters_enter(void) __attribute__((visibility("hidden")));
/* This thread's number among the cells, 0: it has none of its own. */
unsigned counters_own(void) __attribute__((visibility("hidden")));
/* The cell with this number, 1 to counters_last(), NULL if nobody ever had it. */
const struct call_cell *counters_cell(unsigned number) __attribute__((visibility("hidden")));
unsigned counters_last(void) __attribute__((visibility("hidden")));
void counters_after_fork_child(void) __attribute__((visibility("hidden")));

#endif
