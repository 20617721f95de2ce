/* Trees: a dataset with its bands and layers, a PROJ context with its objects, a GEOS context. One thread at a time may be inside calls on
 * one tree (HF112).
 *
 * Any thread, the tracker unlocked. Nothing happens as long as the process has a single thread. Else a call costs one exchange of a word at its
 * entry and one store at its end. A thread that finds another one inside notes what it is doing itself; the one inside tells of both
 * when it comes out, because only then is its own stack at hand. So nobody waits, and what cannot be proven is not told.
 */
#ifndef HOLDFAST_SHIM_TREES_H
#define HOLDFAST_SHIM_TREES_H

#include "tracker.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct call;

/* What a call holds while it is inside a tree. */
struct tree_use {
    uint16_t slot;     /* 0: none */
    uint16_t function;
    uint32_t entry;    /* which entry of this slot it is */
    handle_id root;
    uint32_t root_serial; /* 0: the tree was remembered, not looked up */
    uintptr_t caller;
    uintptr_t handle;
    uint8_t kind;
};

/* Has this process a single thread for certain? */
extern const volatile char *holdfast_single_thread __attribute__((visibility("hidden")));
static inline bool alone(void)
{
    return *holdfast_single_thread != 0;
}

/* `use` is written only when the call is inside a tree then. */
void tree_enter(struct call *call, const uintptr_t *arguments, struct tree_use *use);
void tree_leave_slowly(struct tree_use *use) __attribute__((cold, visibility("hidden")));
static inline void tree_leave(struct tree_use *use)
{
    if (__builtin_expect(use->slot != 0, 0))
        tree_leave_slowly(use);
}
/* The address got another handle, or its tree another shape: what was remembered of it is void. */
void tree_forget(uintptr_t address);
void tree_after_fork_child(void);

#endif
