/* Trees: a dataset with its bands and layers, a PROJ context with its objects, a GEOS context. One thread at a time may be inside calls on
 * one tree (HF112).
 *
 * Any thread, the tracker unlocked. Nothing happens as long as the process has a single thread. Else each tree has a word that says which thread
 * came in last, for the how manieth time, and whether it is still inside:
 *
 *   | thread : 32 | number of the stay : 30 | NOTED : 1 | INSIDE : 1 |
 *
 * A thread that comes back to a tree in which nobody was since writes it with a plain store, and so it does when it leaves: no locked operation.
 * Another thread takes an empty tree over with a compare-exchange. When it comes at the very moment (a few nanoseconds) in which the
 * first store is not visible yet, one of the two stores is lost, and with it the chance to tell of these two calls; but whoever finds his own word
 * at the end takes it back, so no tree seems inhabited that is not, and nothing untrue is told.
 *
 * A thread that finds another one inside notes what it is doing itself, and sets NOTED; the one inside tells of both
 * when it comes out, because only then is its own stack at hand. So nobody waits, and what cannot be proven is not told.
 */
#ifndef HOLDFAST_SHIM_TREES_H
#define HOLDFAST_SHIM_TREES_H

#include "counters.h"
#include "tracker.h"
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct call;

/* What a call holds while it is inside a tree. */
struct tree_use {
    uint16_t slot;     /* 0: none */
    uint16_t function;
    uint8_t kind;
    handle_id root;
    uint32_t root_serial; /* 0: the tree was remembered, not looked up */
    uint64_t word;        /* of the slot, as this call wrote it */
    uintptr_t caller;
    uintptr_t handle;
};

#define TREE_INSIDE UINT64_C(1)
#define TREE_NOTED UINT64_C(2)
#define TREE_SLOTS 4096u
#define TREE_NONE 1u /* remembered: this handle is of no tree. Slots are remembered as number + 1. */
struct tree_slot {
    _Atomic uint64_t word;
    _Atomic uint32_t note; /* number + 1 of what another thread noted, 0: nothing */
};
extern struct tree_slot tree_slots[TREE_SLOTS] __attribute__((visibility("hidden")));
extern _Atomic uint16_t tree_of[] __attribute__((visibility("hidden"))); /* beside the good cache */

/* The word of the thread's next stay: the number of the stay may wrap around, and then does not touch the thread. */
static inline uint64_t tree_next_stay(uint64_t word, uint32_t thread)
{
    return (uint64_t)thread << 32 | (uint32_t)((uint32_t)(word | 3) + 2);
}

/* Has this process a single thread for certain? */
extern const volatile char *holdfast_single_thread __attribute__((visibility("hidden")));
static inline bool alone(void)
{
    return *holdfast_single_thread != 0;
}

/* `use` is written only when the call is inside a tree then. */
void tree_enter(struct call *call, const uintptr_t *arguments, struct tree_use *use);
void tree_leave_slowly(struct tree_use *use) __attribute__((cold, visibility("hidden")));

/* Enter the tree that is remembered for the handle in this slot of the good cache, as a call that is otherwise fine. `use` is complete but for slot
 * and word, and its slot is 0. False: the slow path must look, nothing was entered. */
static inline bool tree_enter_quickly(struct tree_use *use, unsigned index, bool only_one)
{
    uint16_t known = atomic_load_explicit(&tree_of[index], memory_order_relaxed);
    if (__builtin_expect(known <= TREE_NONE, 0))
        return known == TREE_NONE && only_one;
    struct tree_slot *slot = &tree_slots[known - 1];
    uint64_t word = atomic_load_explicit(&slot->word, memory_order_relaxed);
    uint32_t thread = call_cell->thread;
    if (__builtin_expect((word & (TREE_INSIDE | TREE_NOTED)) != 0 || thread == 0, 0))
        return false;
    uint64_t mine = tree_next_stay(word, thread);
    if (word >> 32 == thread)
        atomic_store_explicit(&slot->word, mine, memory_order_relaxed);
    else if (!atomic_compare_exchange_strong_explicit(&slot->word, &word, mine, memory_order_acquire, memory_order_relaxed))
        return false;
    use->word = mine;
    use->slot = (uint16_t)(known - 1);
    return true;
}
static inline void tree_leave(struct tree_use *use)
{
    if (__builtin_expect(use->slot == 0, 1))
        return;
    struct tree_slot *slot = &tree_slots[use->slot];
    if (__builtin_expect(atomic_load_explicit(&slot->word, memory_order_relaxed) == use->word, 1))
        atomic_store_explicit(&slot->word, use->word & ~TREE_INSIDE, memory_order_release);
    else
        tree_leave_slowly(use);
}
/* The address got another handle, or its tree another shape: what was remembered of it is void. */
void tree_forget(uintptr_t address);
void tree_after_fork_child(void);

#endif
