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

struct lent_string {
    _Atomic uintptr_t text;
    _Atomic uintptr_t parent; /* handle that lent it, 0: the library itself */
    _Atomic uintptr_t caller; /* return address of the call */
    _Atomic uint32_t function; /* with LENT_REPLACED: its lender got another content since */
    _Atomic uint32_t replaced_by; /* stack of the call that did so */
    _Atomic uint32_t replaced_in; /* that function */
    _Atomic uint32_t content;     /* hash of the string then: other bytes at this address are something else */
    _Atomic uint64_t before;      /* word in front of it, when the library itself lent it or its lender was replaced: see word_before() */
};
#define LENT_REPLACED (UINT32_C(1) << 31)
extern struct lent_string lent_strings[LENT_SLOTS] __attribute__((visibility("hidden")));

static inline bool string_may_be_lent(uintptr_t block)
{
    return __atomic_load_n(&handle_filter[handle_filter_slot(block)].others, __ATOMIC_RELAXED) != 0;
}
void string_remember_slowly(uintptr_t text, uintptr_t parent, enum function function, uintptr_t caller) __attribute__((noinline, visibility("hidden")));
/* A function lent this string. A getter that is called again and again says what it said the last time. */
static inline void string_remember(uintptr_t text, uintptr_t parent, enum function function, uintptr_t caller)
{
    const struct lent_string *entry = &lent_strings[lent_slot(text)];
    __asm__("" : "+r"(entry)); /* else the compiler works its address out once more for each field */
    if (text == 0 || likely(parent != 0 && atomic_load_explicit(&entry->text, memory_order_relaxed) == text &&
                            atomic_load_explicit(&entry->parent, memory_order_relaxed) == parent &&
                            atomic_load_explicit(&entry->caller, memory_order_relaxed) == caller &&
                            atomic_load_explicit(&entry->function, memory_order_relaxed) == (uint32_t)function))
        return;
    string_remember_slowly(text, parent, function, caller);
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
