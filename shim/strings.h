/* Strings and arrays that the libraries lend (`lends string`): found when the caller frees one (HF104), and when one that the library
 * freed since is passed to another call (HF101, HF107).
 *
 * They are no handles: a table of the last few thousand loans, overwritten as it comes, is all that a loan costs. Certainty comes from free(): a lent
 * block that the library frees is kept back for a while, so that nothing else can have its address. What was forgotten is not told.
 * Any thread.
 */
#ifndef HOLDFAST_SHIM_STRINGS_H
#define HOLDFAST_SHIM_STRINGS_H

#include "effects.h"

/* Lower half of the address of the string that each slot stands for: the one look that every free() of the process takes. */
extern _Atomic uint32_t lent_tags[LENT_SLOTS] __attribute__((visibility("hidden")));
struct lent_string {
    _Atomic uintptr_t text;
    _Atomic uintptr_t parent; /* handle that lent it, 0: the library itself */
    _Atomic uintptr_t caller; /* return address of the call */
    _Atomic uint32_t function;
    _Atomic uint32_t replaced_by; /* stack of the call that gave the lender another content since, 0: none */
    _Atomic uint32_t replaced_in; /* that function */
    _Atomic uint32_t content;     /* hash of the string then: other bytes at this address are something else */
    _Atomic uint64_t before;      /* word in front of it, when the library itself lent it or its lender was replaced: see word_before() */
};
extern struct lent_string lent_strings[LENT_SLOTS] __attribute__((visibility("hidden")));

static inline bool string_may_be_lent(uintptr_t block)
{
    return atomic_load_explicit(&lent_tags[lent_slot(block)], memory_order_relaxed) == (uint32_t)block;
}
/* Where an allocator keeps the size of a block: what was lent from the midst of one has something else there. Its lower bits change while the block
 * lives. 0 where that is another page. */
static inline uint64_t word_before(uintptr_t text)
{
    return (text & 4095) < sizeof(uint64_t) ? 0 : *(const uint64_t *)(text - sizeof(uint64_t)) & ~UINT64_C(7);
}
/* A function lent this string. A torn entry names a wrong lender at the worst, for an address that was lent. */
static inline void string_remember(uintptr_t text, uintptr_t parent, enum function function, uintptr_t caller)
{
    if (text == 0)
        return;
    struct lent_string *entry = &lent_strings[lent_slot(text)];
    atomic_store_explicit(&entry->text, text, memory_order_relaxed);
    atomic_store_explicit(&entry->parent, parent, memory_order_relaxed);
    atomic_store_explicit(&entry->caller, caller, memory_order_relaxed);
    atomic_store_explicit(&entry->function, function, memory_order_relaxed);
    atomic_store_explicit(&entry->replaced_by, 0, memory_order_relaxed);
    if (parent == 0)
        atomic_store_explicit(&entry->before, word_before(text), memory_order_relaxed);
    atomic_store_explicit(&lent_tags[lent_slot(text)], (uint32_t)text, memory_order_relaxed);
}

void string_lent(const struct call *call, uintptr_t text, uintptr_t parent);
/* free() of a block that may be a lent string: true when it is kept back. */
bool string_freed(uintptr_t block, uintptr_t caller);
/* realloc() of such a block: nothing is certain about it any more. */
void string_moved(uintptr_t block);
/* An argument that is text: false when the call is refused. */
bool string_is_fine(struct call *call, uintptr_t text, const uintptr_t *arguments);
/* The caller frees this memory: true when it is a lent string, and the free refused or told. */
bool string_discarded(struct call *call, uintptr_t text, const uintptr_t *arguments, bool *refused);
/* The lender is about to be something else: what it lent before tells of what it was. Called before the real function runs. */
void strings_replaced(struct call *call, uintptr_t parent);
void strings_after_fork_child(void);

#endif
