/* What a call does to handles: the interpreter of the contracts' effects, and the caches that let most calls pass by.
 *
 * Threads: all functions may be called from any thread. From a signal handler that interrupted Holdfast itself they let the call
 * through unrecorded. None is called with a lock of Holdfast held.
 */
#ifndef HOLDFAST_SHIM_EFFECTS_H
#define HOLDFAST_SHIM_EFFECTS_H

#include "fence.h"
#include "trees.h"
#include "provider.h"
#include "tracker.h"

/* Good cache: direct-mapped by address; an entry says "alive, of this kind, of this copy, nothing wrong with it".
 *   | provider number : 8 | address : 48 | kind : 8 |
 * Whatever changes a handle's standing clears the entry first. A racing reader may still see the old one: it then misses a misuse
 * that happens at the very same moment, never the reverse. */
/* What had to leave the good cache for another handle, once that happens often: programs that use hundreds of thousands of handles in turn. Neighbours in memory
 * are neighbours here. Only the slow path looks, and puts what it finds into the good cache again. */
#define WIDE_BITS 24
extern _Atomic uint64_t *_Atomic wide_cache __attribute__((visibility("hidden"))); /* NULL: there is none */
void wide_keep(_Atomic uint64_t *slot, uint64_t left) __attribute__((cold, visibility("hidden")));
/* Nothing in it is true any more. */
void wide_clear(void);
/* Was this handle good when it had to leave the good cache, and was not forgotten since? Then it is there again. */
bool wide_known(const struct view *view, uintptr_t address, uint8_t kind);
bool wide_fill(const struct view *view, enum function function, const uintptr_t *arguments) __attribute__((visibility("hidden")));
/* Are all handles of this plain use good, now that some were found there? */
static inline bool wide_filled(const struct view *view, enum function function, const uintptr_t *arguments)
{
    return atomic_load_explicit(&wide_cache, memory_order_relaxed) != NULL && wide_fill(view, function, arguments);
}
/* Of the handle in the same slot of the good cache: who lent it last. */
extern _Atomic uintptr_t lender_cache[GOOD_SLOTS] __attribute__((visibility("hidden")));
/* Loan cache: "this child was lent by this parent before", for what several lend. */
#define LOAN_SLOTS 16384u
extern _Atomic uint64_t loan_cache[LOAN_SLOTS] __attribute__((visibility("hidden")));

/* The upper bits of a product depend on all lower bits of the address. Of those 32 are enough: two handles that lie a multiple of
 * 4 GiB apart merely share a slot. */
static inline unsigned good_index(uintptr_t address)
{
    return (uint32_t)address * UINT32_C(0x9e3779b1) >> (32 - GOOD_BITS);
}
static inline uint64_t good_entry(uintptr_t address, unsigned provider, unsigned kind)
{
    return view_tag(provider) | (uint64_t)address << 8 | kind;
}
static inline uintptr_t good_address(uint64_t entry)
{
    return (uintptr_t)(entry << 8 >> 16);
}
/* What the good cache has of a good handle; a call cell, of any. */
static inline uint64_t known_entry(const struct view *view, const void *handle, enum kind kind)
{
    return view->tag | (uint64_t)(uintptr_t)handle << 8 | kind;
}
static inline bool known_good_entry(const void *handle, uint64_t entry)
{
    size_t index = good_index((uintptr_t)handle);
#if defined(__x86_64__)
    __asm__("" : "+r"(index)); /* gcc would add the place of the table to it in an instruction of its own */
#endif
    const _Atomic uint64_t *slot = &good_cache[index];
#if defined(__x86_64__)
    /* gcc never makes an atomic load part of another instruction. */
    bool same;
    __asm__("cmpq %2, %1" : "=@cce"(same) : "m"(*slot), "r"(entry));
    return same;
#else
    return atomic_load_explicit(slot, memory_order_relaxed) == entry;
#endif
}
static inline bool known_good(const struct view *view, const void *handle, enum kind kind)
{
    return known_good_entry(handle, known_entry(view, handle, kind));
}
static inline size_t wide_index(uintptr_t address)
{
    return (address >> 5 ^ (address >> 29) * UINT64_C(0x9e3779b97f4a7c15)) & ((UINT64_C(1) << WIDE_BITS) - 1);
}
void wide_forget(uintptr_t address) __attribute__((cold, visibility("hidden")));
static inline void good_forget(uintptr_t address)
{
    _Atomic uint64_t *entry = &good_cache[good_index(address)];
    if (good_address(atomic_load_explicit(entry, memory_order_relaxed)) == address)
        atomic_store_explicit(entry, 0, memory_order_relaxed);
    if (unlikely(atomic_load_explicit(&wide_cache, memory_order_relaxed) != NULL))
        wide_forget(address);
}
/* What stands in this slot is good, until it is forgotten. */
static inline void good_put(_Atomic uint64_t *slot, uint64_t entry)
{
    uint64_t left = atomic_load_explicit(slot, memory_order_relaxed);
    if (unlikely(left != 0 && good_address(left) != good_address(entry)))
        wide_keep(slot, left);
    atomic_store_explicit(slot, entry, memory_order_relaxed);
}
/* The slot gets another handle. */
static inline void lender_forget(uintptr_t address)
{
    if (atomic_load_explicit(&lender_cache[good_index(address)], memory_order_relaxed) != 0)
        atomic_store_explicit(&lender_cache[good_index(address)], 0, memory_order_relaxed);
}
static inline uint64_t loan_entry(uintptr_t parent, uintptr_t child)
{
    return (child * UINT64_C(0x9e3779b97f4a7c15)) ^ (parent * UINT64_C(0xc2b2ae3d27d4eb4f) + 1);
}
static inline unsigned loan_index(uint64_t entry)
{
    return (unsigned)(entry >> 40) & (LOAN_SLOTS - 1);
}
/* A loan of a child that others lent as well since. */
bool known_loan_of_several(uintptr_t parent, uintptr_t child) __attribute__((noinline, cold, visibility("hidden")));
static inline bool known_loan(const struct view *view, const void *parent, const void *child, enum kind kind)
{
    return child == NULL || (known_good(view, child, kind) &&
                             (likely(atomic_load_explicit(&lender_cache[good_index((uintptr_t)child)], memory_order_relaxed) == (uintptr_t)parent) ||
                              known_loan_of_several((uintptr_t)parent, (uintptr_t)child)));
}
/* What the library itself lends, by a function that lent the same before. */
static inline bool known_global_loan(const struct view *view, const void *child, enum kind kind)
{
    uint64_t entry = loan_entry(0, (uintptr_t)child);
    return child == NULL || (known_good(view, child, kind) && atomic_load_explicit(&loan_cache[loan_index(entry)], memory_order_relaxed) == entry);
}

/* Lower half of the addresses of lent strings that the library freed and Holdfast keeps back (strings.c), odd, so that neither NULL nor an empty
 * slot is one: no other string needs a look. */
#define LENT_BITS 12
#define LENT_SLOTS (1u << LENT_BITS)
/* Texts that share a slot of the filter which every free() looks at share this one, too. */
static inline unsigned lent_slot(uintptr_t text)
{
    return handle_filter_slot(text) & (LENT_SLOTS - 1);
}
static inline uint32_t dead_tag(uintptr_t text)
{
    return (uint32_t)text | 1;
}
extern _Atomic uint32_t dead_tags[LENT_SLOTS] __attribute__((visibility("hidden")));
static inline bool known_string(const void *text)
{
    return atomic_load_explicit(&dead_tags[lent_slot((uintptr_t)text)], memory_order_relaxed) != dead_tag((uintptr_t)text);
}
/* It is no handle, no buffer and no string that a library lent: whoever frees it frees what is his. */
static inline bool memory_is_unknown(const void *memory)
{
    return __atomic_load_n(&handle_filter[handle_filter_slot((uintptr_t)memory)].both, __ATOMIC_RELAXED) == 0 && known_string(memory);
}

enum call_outcome { CALL_GO, CALL_REFUSED, CALL_DONE };

/* A handle whose life this call may end. */
struct dying {
    handle_id id;
    uint32_t serial;
    uint8_t verb; /* why: enum verb */
    uint8_t cause;
    bool buried; /* recorded before the real call; undone when the evidence says that it lives */
};

#define DYING_MAX 8

/* The reference count of a handle before the call. */
struct count_before {
    uintptr_t address;
    int count;
};

#define COUNTS_MAX 8

/* A plain use on its slow path: what hangs on a held handle stays while the call uses it. */
struct passing {
    handle_id pinned; /* 0: nothing */
    uint32_t serial;
    struct provider *outer_provider; /* calling_provider before this call */
    struct tree_use tree;
};

struct call {
    const struct view *view;
    uintptr_t caller;
    enum function function;
    stack_id stack;
    bool started; /* the fields below mean something */
    bool stack_taken;
    bool silent; /* Holdfast was interrupted by a signal handler, or has no arena: nothing is recorded */
    bool watching;
    int fields; /* of what is altered, before the call */
    bool only_counts; /* it looks at no more of its handles than who holds them */
    uintptr_t moved;  /* the handle that it gives another parent, which may come without a live one; 0: none */
    uint8_t dying_count;
    struct passing passing; /* its outer_provider is that of this call */
    int next_descriptor; /* lowest free one before an open, -1: not asked */
    struct dying dying[DYING_MAX];
    uint8_t counts_taken;
    struct count_before counts[COUNTS_MAX];
    struct fence_watch watch;
};

/* Plain use: false when the call is refused. */
bool call_uses(struct passing *passing, const struct view *view, enum function function, uintptr_t caller,
               const uintptr_t *arguments) __attribute__((noinline, cold, visibility("hidden")));
/* Its end, also by an exception. */
void call_passed(struct passing *passing) __attribute__((cold, visibility("hidden")));
void call_start(struct call *call, const struct view *view, enum function function, uintptr_t caller)
    __attribute__((visibility("hidden")));
enum call_outcome call_before(struct call *call, const struct view *view, enum function function, uintptr_t caller,
                              const uintptr_t *arguments) __attribute__((noinline, visibility("hidden")));
void call_after(struct call *call, const uintptr_t *arguments, uintptr_t result)
    __attribute__((noinline, visibility("hidden")));

/* The whole of a call that went by the fast path and whose result the young could not take: as if it had come the slow way. Returns the result. */
uintptr_t call_brought(const struct view *view, enum function function, uintptr_t caller, const uintptr_t *arguments, uintptr_t result)
    __attribute__((noinline, cold, visibility("hidden")));

/* The same for one that gave young handles away. `call` was started and knows what died meanwhile; `born`: its result is known already, and nothing died. */
void call_gave(struct call *call, const uintptr_t *arguments, uintptr_t result, bool born) __attribute__((cold, visibility("hidden")));

/* Cleanup of a wrapper's frame: an exception or a cancelled thread left the real function. Nothing to do in the usual case. */
void call_abandon(struct call *call) __attribute__((visibility("hidden")));

/* For hold.c: collect what lives below `id` (and itself) into the call's watch, bury it, and after the real call settle who died. All
 * three follow the order lock, begin, unlock, real call, end. */
void dying_begin(struct call *call, handle_id id, enum verb verb, enum handle_cause cause); /* tracker locked */
void dying_end(struct call *call);                                                        /* tracker unlocked */
/* The variant of a function that holds for this copy's version: an index, below `count`. For wrappers whose failure value differs. */
unsigned variant_index(const struct view *view, enum function function, unsigned count) __attribute__((cold, visibility("hidden")));
stack_id call_stack(struct call *call); /* taken at the first request; tracker unlocked */
/* Lock what a handle's id stands for, as tracker_lock_near(): it may be another one by then, which its serial tells. */
bool lock_near_record(handle_id id);
/* [tracker locked] Whatever is known under this address, youngest first; a young handle grows up by that. */
handle_id find_any(uintptr_t address);
/* [tracker locked] The block at this address goes back to the allocator, seen by no watch: what is known under it is forgotten. */
void forget_freed(uintptr_t block);

#endif
