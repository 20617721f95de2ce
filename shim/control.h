/* Control of a running process: requests of `holdfast ctl` (tracker/control_block.h), signals that only set a mark, and limits that are to be told. */
#ifndef HOLDFAST_SHIM_CONTROL_H
#define HOLDFAST_SHIM_CONTROL_H

#include "control_block.h"
#include <stdbool.h>

extern struct control_block holdfast_control __attribute__((visibility("hidden")));

enum attention {
    ATTENTION_limits = 1, /* limits.h has something to tell */
    ATTENTION_dump = 4,   /* dump_signal came where the dump could not be written */
    ATTENTION_settle = 2, /* mode report began: what was being postponed at that very moment is to be carried out as well */
};

/* Something is to be done. For slow paths, no lock of Holdfast held. */
static inline bool control_wanted(void)
{
    const struct control_block *block = &holdfast_control;
    return __builtin_expect((__atomic_load_n(&block->request, __ATOMIC_RELAXED) ^ __atomic_load_n(&block->answered, __ATOMIC_RELAXED)) |
                                __atomic_load_n(&block->attention, __ATOMIC_RELAXED),
                            0) != 0;
}
/* Do it, unless another thread does. From a signal handler that interrupted Holdfast: nothing, the next call does it. */
void control_look_slowly(void) __attribute__((cold, visibility("hidden")));
static inline void control_look(void)
{
    if (control_wanted())
        control_look_slowly();
}
/* Any context, any lock held. */
void control_attend(enum attention what);

/* Is there a request that nobody looked at? */
static inline bool control_requested(void)
{
    return __atomic_load_n(&holdfast_control.request, __ATOMIC_RELAXED) != __atomic_load_n(&holdfast_control.answered, __ATOMIC_RELAXED);
}

void control_activate(void);
void control_after_fork_child(void);
/* What Holdfast itself holds of memory, into the block. */
void control_measure(void);

#endif
