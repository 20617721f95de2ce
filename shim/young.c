/* Young handles: see young.h.
 *
 * Locks: the tracker's lock may be held when a set is entered, never the other way round; nothing is called while a set is entered but the tracker's
 * functions (with its lock held) and memory. Indices, not pointers, link the entries; 0 is none.
 */
#include "young.h"
#include "call.h"
#include "clock.h"
#include "control.h"
#include "evidence.h"
#include "hold.h"
#include "leaks.h"
#include "lifecycle.h"
#include "memory.h"
#include "python.h"
#include "slots.h"
#include "stack.h"
#include <errno.h>
#include <linux/membarrier.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SETS 64u
/* How many may live in a set. What fills it once and stays is better off in the tracker, and the set in the processor's caches: so more are let
 * in only when many of those that had to grow up died after all. */
#define LIVE_FIRST 4096u
#define LIVE_MAX 32768u
#define LIVE_RECORDED 1024u /* in a set that lies in a record, so that those of several threads find room there */
#define DEAD_MAX YOUNG_DEAD_MAX
#define ENTRIES(live) ((live) + DEAD_MAX + 64u) /* some to spare for what dies together */
/* A set begins with few heads, which lie close together, and has all of them once it may be large. */
#define HEADS_FIRST_BITS 12
#define HEADS_BITS 15
#define DEPTH_MAX 16u
#define HANGING_SLOTS 4096u
_Static_assert(YOUNG_PARENTS * LIVE_MAX <= UINT16_MAX + 1, "counts of what hangs on one handle have 16 bits");
#define WATCHED_MAX FENCE_INLINE

enum young_state {
    STATE_FREE,
    STATE_LIVE,
    STATE_HELD, /* live for those who look from outside, and its free is postponed until nobody holds what it lent */
    STATE_DYING,
    STATE_DEAD,
};
enum { YOUNG_EXACT = 1, YOUNG_TRACELESS = 2, YOUNG_OUTSIDE = 4, YOUNG_GRACE = 8, /* held for a caller that leaves no trace */
       YOUNG_TAKEN = 16, /* given to `above`: its death stack and function are those of the gift as long as it lives */
       YOUNG_CLAIMED = 32, /* HANDLE_CLAIMED */
       YOUNG_WITHIN = 64 /* dead: `parent[0]` and `above_serial` tell in what it lived */ };

/* The first 64 bytes are all that the usual birth and death touch. */
struct young {
    uintptr_t address;
    const struct young_birth *birth;
    uintptr_t block; /* of a dead one: kept back; 0: it lies in the block of `owner` */
    stack_id stack, loan_stack, death_stack;
    uint32_t serial;             /* number of its birth, unique in the process */
    uint16_t above;              /* young handle that it was lent by, or given to */
    uint16_t first_child, sibling; /* what it lent and was given; of a dead one that owns a block: the others inside that block */
    union {
        struct { uint16_t before, after; }; /* among the living without `above` */
        struct { uint16_t owner, place; };  /* of a dead one: 0 or whose block it lies in; where that one stands in `deaths` */
    };
    uint16_t next;               /* in its bucket; in the list of free entries */
    uint8_t state, cause, provider, flags;
    uint16_t holders;
    uint16_t death_function;
    uint32_t bytes;              /* of `block` */
    /* what is seldom looked at */
    int32_t number;
    uintptr_t parent[YOUNG_PARENTS]; /* with YOUNG_OUTSIDE: not young, or of another thread; 0: none */
    uintptr_t killer;            /* of one that died with its parent, or by a change of it: that */
    uint32_t killer_serial;
    uint8_t parent_kind[YOUNG_PARENTS]; /* with YOUNG_OUTSIDE */
    uint32_t above_serial;       /* with YOUNG_WITHIN */
} __attribute__((aligned(64)));
_Static_assert(ENTRIES(LIVE_MAX) <= UINT16_MAX, "indices have 16 bits");
_Static_assert(offsetof(struct young, number) == 64 && sizeof(struct young) == 128, "two lines of the caches");

#define GRACE_MAX 16u
#define YOUNG_COUNTERS 6
static const enum arena_counter counted[YOUNG_COUNTERS] = {COUNTER_births, COUNTER_loans, COUNTER_deaths, COUNTER_held, COUNTER_released, COUNTER_proxies};
enum { COUNT_BIRTHS, COUNT_LOANS, COUNT_DEATHS, COUNT_HELD, COUNT_RELEASED, COUNT_PROXIES };

struct young_set {
    _Atomic bool busy, wanted;
    _Atomic int32_t thread; /* that it belongs to, 0: nobody */
    uint32_t resting;       /* births that go the slow way, because other threads kept taking from this set */
    uint32_t steals;
    uint64_t kept_since;    /* what it had counted when somebody took from it last */
    uint16_t free_head, unused; /* entries from `unused` on were never used */
    uint16_t first_root;
    uint16_t live_bound; /* LIVE_MAX, or LIVE_RECORDED: how many entries there are */
    uint16_t live_max; /* LIVE_FIRST to `live_bound` */
    uint16_t adopted;  /* that had grown up and died here, since `live_max` was looked at */
    _Atomic uint8_t head_shift; /* of an address's hash, for its head; 0: they are being moved */
    _Atomic uint16_t live;
    _Atomic uint16_t outside; /* living ones with parents that are not young */
    uint32_t dead_begin, dead_end; /* of `deaths`, a ring of those that own blocks, by number; some are 0 because they grew up */
    uint64_t fence_bytes;
    uint64_t counts[YOUNG_COUNTERS], published[YOUNG_COUNTERS]; /* the second: how much of the first the arena's counters have */
    uint16_t held;
    struct young_due grace[GRACE_MAX]; /* a ring by number: what is held for callers that leave no trace */
    uint32_t grace_begin, grace_end;
    uint32_t next_serial, last_serial;
    uint16_t dying[WATCHED_MAX]; /* in the order of the watch before it is sorted: its entries' `id` */
    unsigned dying_count;
    struct fence_watch watch;
    uint16_t deaths[DEAD_MAX];
    /* How many of the living hang on something outside whose address has this slot, and on what, if it is the same for all of them. Whoever looks for what
     * hangs on a handle enters no set that has none. */
    struct hanging_slot { uint16_t count, tag; } __attribute__((aligned(4))) hanging[HANGING_SLOTS];
    uint16_t heads[1u << HEADS_BITS]; /* only so many are used as `head_shift` leaves bits */
    struct young entries[ENTRIES(LIVE_MAX)];
};

static struct young_set *_Atomic sets[SETS];
/* By function: what its contract says of what it makes, once it made something young. */
static const struct young_birth *_Atomic known_births[FUNCTION_COUNT];
static _Atomic bool barrier_works;
static __thread struct young_set *mine __attribute__((tls_model("initial-exec")));
static struct young_set no_set; /* of a thread that gets none: always busy */
static _Atomic uint32_t serials = 1;

/* Addresses that something young in any thread depended on at some time. Set for good: only for these the sets are asked. */
#define PARENT_SLOTS 65536u
static uint8_t outside_parents[PARENT_SLOTS];

static unsigned parent_slot(uintptr_t address)
{
    return (unsigned)((address >> 4) * UINT64_C(0x9e3779b97f4a7c15) >> 48);
}

static unsigned hanging_slot(uintptr_t address)
{
    return parent_slot(address) / (PARENT_SLOTS / HANGING_SLOTS);
}

/* Of addresses that share a slot: with it, 28 bits of the address's hash are known. */
#define TAG_MIXED 0u
static uint16_t hanging_tag(uintptr_t address)
{
    return (uint16_t)((address >> 4) * UINT64_C(0x9e3779b97f4a7c15) >> 36 | 1);
}

static struct hanging_slot hanging_in(const struct hanging_slot *slot)
{
    struct hanging_slot copy;
    __atomic_load(slot, &copy, __ATOMIC_RELAXED);
    return copy;
}

/* Read while its owner may be writing: does anything of this set seem to hang on the address? */
static bool has_hanging(const struct young_set *set, uintptr_t address)
{
    struct hanging_slot slot = hanging_in(&set->hanging[hanging_slot(address)]);
    return slot.count != 0 && (slot.tag == TAG_MIXED || slot.tag == hanging_tag(address));
}

/* Does something young depend on this one, in any thread? A free of it goes the slow way then. Long-lived programs had something hanging on most addresses of their heap once. */
static __attribute__((noinline)) bool any_set_has_hanging(uintptr_t address)
{
    for (unsigned i = 0; i < SETS; i++) {
        const struct young_set *set = atomic_load_explicit(&sets[i], memory_order_relaxed);
        if (set == NULL)
            return false;
        if (has_hanging(set, address))
            return true;
    }
    return false;
}

static inline bool may_have_hanging(uintptr_t address)
{
    return outside_parents[parent_slot(address)] != 0 && any_set_has_hanging(address);
}

static void hanging_put(struct hanging_slot *slot, struct hanging_slot changed)
{
    __atomic_store(slot, &changed, __ATOMIC_RELAXED);
}

/* ---- sets ------------------------------------------------------------------------------------------------------------- */

static void initialize(struct young_set *set, uint16_t live_bound)
{
    set->unused = 1;
    set->live_bound = live_bound;
    set->live_max = live_bound < LIVE_FIRST ? live_bound : LIVE_FIRST;
    fence_light_begin(&set->watch);
    atomic_store_explicit(&set->head_shift, 64 - HEADS_FIRST_BITS, memory_order_relaxed);
}

static void reset(struct young_set *set)
{
    uint8_t shift = atomic_load_explicit(&set->head_shift, memory_order_relaxed);
    uint16_t live_bound = set->live_bound != 0 ? set->live_bound : LIVE_RECORDED; /* 0: of a record that is another one now, and empty */
    memset(set->heads, 0, shift == 64 - HEADS_FIRST_BITS ? sizeof set->heads[0] << HEADS_FIRST_BITS : sizeof set->heads);
    memset((void *)set, 0, offsetof(struct young_set, heads));
    initialize(set, live_bound);
}

static void grow_all(struct young_set *set);

/* [tracker locked] In the arena when that is a record: what is young must survive the process too. A thread that finds no room there goes the slow
 * way with all its handles, and so the record is whole. */
static struct young_set *new_set(void)
{
    struct young_set *set;
    struct arena_own *own = &tracker_header(TRACKER)->own;
    if (own->set_bytes == 0) {
        set = mmap(NULL, sizeof *set, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (set == MAP_FAILED)
            return NULL;
        initialize(set, LIVE_MAX);
        return set;
    }
    uint32_t offset;
    set = tracker_take_own(TRACKER, own->set_bytes, &offset);
    if (set == NULL)
        return NULL;
    initialize(set, LIVE_RECORDED);
    if (own->sets == 0)
        own->sets_offset = offset;
    __atomic_store_n(&own->sets, own->sets + 1, __ATOMIC_RELEASE);
    return set;
}

extern const struct young_birth __start_holdfast_births[] __attribute__((visibility("hidden")));
extern const struct young_birth __stop_holdfast_births[] __attribute__((visibility("hidden")));

void young_describe(struct arena_own *own)
{
    uint32_t count = (uint32_t)(__stop_holdfast_births - __start_holdfast_births);
    struct arena_birth *births = tracker_take_own(TRACKER, count * sizeof *births, &own->births_offset);
    for (uint32_t i = 0; births != NULL && i < count; i++) {
        const struct young_birth *birth = &__start_holdfast_births[i];
        births[i] = (struct arena_birth){birth->function, birth->kind, (uint8_t)((birth->borrowed ? ARENA_BIRTH_BORROWED : 0) | (birth->numbered ? ARENA_BIRTH_NUMBERED : 0) |
                                                                                  (uint32_t)birth->edge[0] << ARENA_BIRTH_EDGE_SHIFT(0) | (uint32_t)birth->edge[1] << ARENA_BIRTH_EDGE_SHIFT(1))};
    }
    own->births = births != NULL ? count : 0;
    own->births_address = (uintptr_t)__start_holdfast_births;
    own->birth_bytes = sizeof(struct young_birth);
    own->at_thread = offsetof(struct young_set, thread);
    own->at_busy = offsetof(struct young_set, busy);
    own->at_unused = offsetof(struct young_set, unused);
    own->entry_bytes = sizeof(struct young);
    own->entries = ENTRIES(LIVE_RECORDED);
    own->at_entries = offsetof(struct young_set, entries);
    own->at_address = offsetof(struct young, address);
    own->at_birth = offsetof(struct young, birth);
    own->at_stack = offsetof(struct young, stack);
    own->at_loan_stack = offsetof(struct young, loan_stack);
    own->at_serial = offsetof(struct young, serial);
    own->at_above = offsetof(struct young, above);
    own->at_state = offsetof(struct young, state);
    own->at_number = offsetof(struct young, number);
    own->at_holders = offsetof(struct young, holders);
    own->at_provider = offsetof(struct young, provider);
    own->at_flags = offsetof(struct young, flags);
    own->flag_parents = YOUNG_OUTSIDE;
    own->at_parents = offsetof(struct young, parent);
    own->parents = YOUNG_PARENTS;
    own->at_counts = offsetof(struct young_set, counts);
    own->at_published = offsetof(struct young_set, published);
    own->counts = YOUNG_COUNTERS;
    for (unsigned i = 0; i < YOUNG_COUNTERS; i++)
        own->counter[i] = (uint8_t)counted[i];
    own->state_live = STATE_LIVE;
    own->state_held = STATE_HELD;
    __atomic_store_n(&own->set_bytes, (uint32_t)offsetof(struct young_set, entries[ENTRIES(LIVE_RECORDED)]), __ATOMIC_RELEASE);
}

/* A set for this thread: one whose thread is gone, or a new one. */
static __attribute__((noinline, cold)) struct young_set *enroll(void)
{
    atomic_store_explicit(&no_set.busy, true, memory_order_relaxed);
    mine = &no_set; /* whatever interrupts, or fails */
    int saved_errno = errno;
    if (!atomic_load(&barrier_works)) {
        if (syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) != 0) {
            errno = saved_errno;
            return NULL;
        }
        atomic_store(&barrier_works, true);
    }
    int32_t self = tracker_thread();
    struct young_set *found = NULL;
    if (!tracker_lock(TRACKER)) {
        mine = NULL; /* this very thread holds it: the next time */
        return NULL;
    }
    for (unsigned i = 0; i < SETS && found == NULL; i++) {
        struct young_set *set = atomic_load(&sets[i]);
        if (set == NULL) {
            set = new_set();
            if (set == NULL)
                break;
            atomic_store(&sets[i], set);
            found = set;
        } else {
            int32_t owner = atomic_load(&set->thread);
            if (!atomic_load(&set->busy) && slot_is_free(owner, self)) {
                atomic_store(&set->busy, true);
                grow_all(set); /* they are of the thread that was */
                atomic_store(&set->busy, false);
                found = set;
            }
        }
    }
    if (found != NULL) {
        atomic_store(&found->thread, self);
        mine = found;
    }
    tracker_unlock(TRACKER);
    errno = saved_errno;
    return found;
}

/* This thread's set, entered; NULL if it may not be touched now. */
static inline struct young_set *enter(void)
{
    struct young_set *set = mine;
    if (unlikely(set == NULL)) {
        set = enroll();
        if (set == NULL)
            return NULL;
    }
    if (unlikely(atomic_load_explicit(&set->busy, memory_order_relaxed)))
        return NULL;
    atomic_store_explicit(&set->busy, true, memory_order_relaxed);
    atomic_signal_fence(memory_order_seq_cst);
    if (likely(!atomic_load_explicit(&set->wanted, memory_order_acquire)))
        return set;
    atomic_store_explicit(&set->busy, false, memory_order_release);
    return NULL;
}

static inline void leave(struct young_set *set)
{
    atomic_store_explicit(&set->busy, false, memory_order_release);
}

/* What was begun must be ended: wait for whoever wants the set, who never waits long. */
static struct young_set *enter_again(struct young_set *set)
{
    while (enter() == NULL) {
        if (mine != set || atomic_load_explicit(&set->busy, memory_order_relaxed)) /* not: it is not wanted, as it may have been a moment ago */
            return NULL; /* interrupted in the midst of a change */
        sched_yield();
    }
    return set;
}

/* How long another thread's change is waited for: it may be interrupted by a handler that waits for us. By the clock, for where others want the processor a yield takes
 * 5 ms, and 100 at worst (measured); and some turns at least, so that an owner who is only waiting for the processor gets it. */
#define PATIENCE_MS 100u
#define PATIENCE_YIELDS 20u

/* [tracker locked] Another thread's set, entered; false: its owner does not come out of it. */
static bool enter_other(struct young_set *set)
{
    if (atomic_exchange(&set->wanted, true))
        return false;
    if (!alone())
        syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
    uint64_t until_ms = atomic_load_explicit(&set->busy, memory_order_acquire) ? now_ms() + PATIENCE_MS : 0;
    for (unsigned i = 0; atomic_load_explicit(&set->busy, memory_order_acquire) && (i < PATIENCE_YIELDS || now_ms() < until_ms); i++)
        sched_yield();
    if (!atomic_load_explicit(&set->busy, memory_order_acquire))
        return true;
    atomic_store_explicit(&set->wanted, false, memory_order_release);
    return false;
}

/* A set from which others keep taking is of no use: what is born goes the slow way for a while, the longer the less was kept since the last time. A look
 * that took nothing cost its thread a moment, no more. */
#define STEALS_MAX 6u /* 1024 births that go the slow way pay for the look that was wanted */
#define STEALS_FEW 16384u /* births since the last time: that is seldom */

static void leave_other(struct young_set *set, bool took)
{
    if (took) {
        uint64_t born = set->counts[COUNT_BIRTHS] + set->counts[COUNT_LOANS];
        if (born - set->kept_since > STEALS_FEW)
            set->steals = 0;
        set->kept_since = born;
        set->steals = set->steals < STEALS_MAX ? set->steals + 1 : STEALS_MAX;
        set->resting = 16u << set->steals;
    }
    atomic_store_explicit(&set->wanted, false, memory_order_release);
}

/* ---- entries, of a set that was entered ------------------------------------------------------------------------------------ */

static inline unsigned head_at(uintptr_t address, uint8_t shift)
{
    return (unsigned)((address >> 4) * UINT64_C(0x9e3779b97f4a7c15) >> shift);
}

static inline unsigned head_of(const struct young_set *set, uintptr_t address)
{
    return head_at(address, atomic_load_explicit(&set->head_shift, memory_order_relaxed));
}

static inline uint16_t lookup(const struct young_set *set, uintptr_t address)
{
    uint16_t index = set->heads[head_of(set, address)];
    while (index != 0 && set->entries[index].address != address)
        index = set->entries[index].next;
    return index;
}

static void unlink_entry(struct young_set *set, uint16_t index)
{
    struct young *entry = &set->entries[index];
    uint16_t *link = &set->heads[head_of(set, entry->address)];
    while (*link != 0 && *link != index)
        link = &set->entries[*link].next;
    if (*link == index)
        *link = entry->next;
    entry->state = STATE_FREE;
    entry->address = 0;
    entry->next = set->free_head;
    set->free_head = index;
}

static inline void change(_Atomic uint16_t *count, int by)
{
    atomic_store_explicit(count, (uint16_t)(atomic_load_explicit(count, memory_order_relaxed) + by), memory_order_relaxed);
}

static inline bool has_outside(const struct young *entry)
{
    return (entry->flags & YOUNG_OUTSIDE) != 0;
}

static inline void leave_roots(struct young_set *set, const struct young *entry)
{
    if (entry->before != 0)
        set->entries[entry->before].after = entry->after;
    else
        set->first_root = entry->after;
    if (entry->after != 0)
        set->entries[entry->after].before = entry->before;
}

/* It hangs on its parents, which are not of this set, or on none. */
static void hang(struct young_set *set, struct young *entry, uintptr_t first_parent, uint8_t first_kind, uintptr_t second_parent, uint8_t second_kind)
{
    const uintptr_t parents[YOUNG_PARENTS] = {first_parent, second_parent};
    entry->parent_kind[0] = first_kind;
    entry->parent_kind[1] = second_kind;
    entry->flags |= YOUNG_OUTSIDE;
    change(&set->outside, +1);
    for (unsigned i = 0; i < YOUNG_PARENTS; i++) {
        entry->parent[i] = parents[i];
        if (parents[i] == 0)
            continue;
        struct hanging_slot *slot = &set->hanging[hanging_slot(parents[i])];
        const uint16_t tag = hanging_tag(parents[i]);
        hanging_put(slot, (struct hanging_slot){(uint16_t)(slot->count + 1), slot->count == 0 || slot->tag == tag ? tag : TAG_MIXED});
        outside_parents[parent_slot(parents[i])] = 1;
    }
}

static void unhang(struct young_set *set, const struct young *entry)
{
    change(&set->outside, -1);
    for (unsigned i = 0; i < YOUNG_PARENTS; i++) {
        struct hanging_slot *slot = &set->hanging[hanging_slot(entry->parent[i])];
        if (entry->parent[i] != 0)
            hanging_put(slot, (struct hanging_slot){(uint16_t)(slot->count - 1), slot->tag});
    }
}

/* It is not among the living any more. */
static void leave_living(struct young_set *set, uint16_t index)
{
    struct young *entry = &set->entries[index];
    change(&set->live, -1);
    if (has_outside(entry))
        unhang(set, entry);
    if (entry->above != 0) {
        uint16_t *link = &set->entries[entry->above].first_child;
        while (*link != 0 && *link != index)
            link = &set->entries[*link].sibling;
        if (*link == index)
            *link = entry->sibling;
        return;
    }
    leave_roots(set, entry);
}

static inline void filter_add(uintptr_t address)
{
    uint8_t *slot = &handle_filter[handle_filter_slot(address)].handles;
    if (alone() && *slot != UINT8_MAX)
        ++*slot;
    else
        handle_filter_add(address);
}

static inline void filter_remove(uintptr_t address)
{
    uint8_t *slot = &handle_filter[handle_filter_slot(address)].handles;
    if (alone() && *slot != UINT8_MAX && *slot != 0)
        --*slot;
    else
        handle_filter_remove(address);
}

static inline bool has_room(const struct young_set *set)
{
    return atomic_load_explicit(&set->live, memory_order_relaxed) < set->live_max && (set->free_head != 0 || set->unused < ENTRIES(set->live_bound));
}

/* A new living one without parents yet; there is room. */
static inline uint16_t add_entry(struct young_set *set, const struct view *view, const struct young_birth *birth, uintptr_t address, stack_id stack, int32_t number)
{
    uint16_t index = set->free_head;
    if (index != 0)
        set->free_head = set->entries[index].next;
    else
        index = set->unused++;
    if (unlikely(set->next_serial == set->last_serial)) {
        set->next_serial = atomic_fetch_add_explicit(&serials, 4096, memory_order_relaxed);
        set->last_serial = set->next_serial + 4096;
    }
    struct young *entry = &set->entries[index];
    uint16_t *head = &set->heads[head_of(set, address)];
    memset(entry, 0, offsetof(struct young, number));
    entry->address = address;
    entry->birth = birth;
    entry->serial = set->next_serial++;
    entry->stack = stack;
    entry->next = *head;
    entry->state = STATE_LIVE;
    entry->provider = view->number;
    entry->flags = (uint8_t)(birth->borrowed ? view->exact ? 0 : YOUNG_TRACELESS : view->exact ? YOUNG_EXACT : 0);
    if (birth->numbered)
        entry->number = number;
    *head = index;
    change(&set->live, +1);
    set->counts[birth->borrowed ? COUNT_LOANS : COUNT_BIRTHS]++;
    filter_add(address);
    return index;
}

/* A new one that nothing young lent. */
static inline void join_roots(struct young_set *set, uint16_t index)
{
    set->entries[index].after = set->first_root;
    if (set->first_root != 0)
        set->entries[set->first_root].before = index;
    set->first_root = index;
}

/* Dies without a trace: nobody saw how. Its children are not certain either. */
static void drop(struct young_set *set, uint16_t index)
{
    while (set->entries[index].first_child != 0)
        drop(set, set->entries[index].first_child);
    good_forget(set->entries[index].address);
    filter_remove(set->entries[index].address);
    leave_living(set, index);
    unlink_entry(set, index);
}

/* ---- growing up, [tracker locked], of a set that was entered ----------------------------------------------------------------- */

static bool accepts(uint16_t kind, void *expected)
{
    return kind < KIND_COUNT && kind_accepts(&kind_table[*(const uint8_t *)expected], kind);
}

static void grow_root(struct young_set *set, uint16_t index);

/* Read while its owner may be writing: a wrong answer costs a look, or is as if the owner had been a moment later. */
static bool seems_to_have(const struct young_set *set, uintptr_t address)
{
    uint8_t shift = atomic_load_explicit(&set->head_shift, memory_order_acquire);
    if (shift == 0)
        return true; /* nothing is where it was: whoever asks has to wait for the owner */
    uint16_t index = __atomic_load_n(&set->heads[head_at(address, shift)], __ATOMIC_RELAXED);
    for (unsigned i = 0; i < 64 && index != 0 && index < ENTRIES(set->live_bound); i++) {
        if (__atomic_load_n(&set->entries[index].address, __ATOMIC_RELAXED) == address)
            return true;
        index = __atomic_load_n(&set->entries[index].next, __ATOMIC_RELAXED);
    }
    atomic_thread_fence(memory_order_acquire);
    return atomic_load_explicit(&set->head_shift, memory_order_relaxed) != shift;
}

static bool others_seem_to_have(const struct young_set *own, uintptr_t address)
{
    for (unsigned i = 0; i < SETS; i++) {
        const struct young_set *set = atomic_load_explicit(&sets[i], memory_order_relaxed);
        if (set == NULL)
            return false;
        if (set != own && seems_to_have(set, address))
            return true;
    }
    return false;
}

bool young_is_unknown(uintptr_t address)
{
    /* As long as all have had room, one that is known to nobody is seldom, and who asks will look it up anyway. */
    return __atomic_load_n(&TRACKER->handles_dropped, __ATOMIC_RELAXED) && !handle_is_known(TRACKER, address) && (mine == NULL || !seems_to_have(mine, address)) && (alone() || !others_seem_to_have(mine, address)) && !may_have_hanging(address);
}

static handle_id record_of(struct young_set *set, uint16_t index, handle_id above)
{
    const struct young *entry = &set->entries[index];
    const struct young_birth *birth = entry->birth;
    handle_id id = handle_add(TRACKER, entry->address, birth->kind, entry->provider);
    struct handle_record *record = tracker_handle(TRACKER, id);
    if (record == NULL)
        return 0;
    record->birth = entry->serial;
    record->birth_thread = (uint32_t)atomic_load_explicit(&set->thread, memory_order_relaxed);
    record->birth_stack = entry->stack;
    record->birth_function = birth->function;
    record->loan_stack = entry->loan_stack;
    record->holders = entry->holders;
    record->flags |= (uint32_t)((kind_table[birth->kind].harmless ? HANDLE_HARMLESS : 0) | (birth->borrowed ? HANDLE_BORROWED : 0) |
                                (entry->flags & YOUNG_EXACT ? HANDLE_EXACT : 0) | (entry->flags & YOUNG_TRACELESS ? HANDLE_TRACELESS : 0));
    if (entry->flags & YOUNG_TAKEN) {
        record->flags |= (uint32_t)(HANDLE_BORROWED | HANDLE_TAKEN | (entry->flags & YOUNG_CLAIMED ? HANDLE_CLAIMED : 0));
        record->death_stack = entry->death_stack;
        record->death_function = entry->death_function;
    }
    if (birth->numbered) {
        record->label = (uint32_t)entry->number;
        record->flags |= HANDLE_NUMBER;
    } else if (birth->label != NULL) {
        record->label = tracker_string(TRACKER, birth->label, strlen(birth->label));
    }
    if (above != 0)
        edge_add(TRACKER, above, id, EDGE_BORROWED);
    for (unsigned i = 0; i < YOUNG_PARENTS; i++) {
        if (!has_outside(entry) || entry->parent[i] == 0)
            continue;
        uint8_t kind = entry->parent_kind[i];
        const bool alive = entry->state == STATE_LIVE || entry->state == STATE_HELD;
        uint16_t young = alive ? lookup(set, entry->parent[i]) : 0;
        if (young != 0)
            grow_root(set, young);
        handle_id parent = handle_find(TRACKER, entry->parent[i], accepts, &kind);
        if (parent == 0 && alive && !others_seem_to_have(set, entry->parent[i])) /* made unseen; of a dead one it may be anything by now */
            parent = handle_add(TRACKER, entry->parent[i], kind, entry->provider);
        if (parent != 0)
            edge_add(TRACKER, parent, id, (enum edge_type)birth->edge[i]);
    }
    return id;
}

static _Atomic unsigned grown; /* since the last look at growth */

/* Its free was postponed here; now hold.c knows of it. */
static void hold_grown(struct young_set *set, const struct young *entry, handle_id id)
{
    set->held--;
    struct handle_record *record = tracker_handle(TRACKER, id);
    if (record == NULL)
        return; /* the arena is full: it is never freed, which harms nobody who still uses what it lent */
    record->death_stack = entry->death_stack;
    record->death_function = entry->death_function;
    hold_grown_up(id, entry->address, (entry->flags & YOUNG_GRACE) != 0);
}

/* With all that it lent. */
static void grow_tree(struct young_set *set, uint16_t index, handle_id above)
{
    handle_id id = record_of(set, index, above);
    for (uint16_t child = set->entries[index].first_child, next; child != 0; child = next) {
        next = set->entries[child].sibling;
        grow_tree(set, child, id);
    }
    if (!set->entries[index].birth->borrowed)
        atomic_fetch_add_explicit(&grown, 1, memory_order_relaxed);
    if (set->entries[index].state == STATE_HELD)
        hold_grown(set, &set->entries[index], id);
    filter_remove(set->entries[index].address); /* the tracker counts it now */
    set->entries[index].first_child = 0;
    leave_living(set, index);
    unlink_entry(set, index);
}

static void grow_root(struct young_set *set, uint16_t index)
{
    while (set->entries[index].above != 0)
        index = set->entries[index].above;
    if (set->entries[index].state == STATE_LIVE || set->entries[index].state == STATE_HELD)
        grow_tree(set, index, 0);
}

static void grow_all(struct young_set *set)
{
    while (set->first_root != 0)
        grow_tree(set, set->first_root, 0);
}

/* What is looked for: whatever hangs on these handles; when they are too many to be listed, on any whose addresses have these slots. */
#define WANTED_LISTED 64u
struct hanging {
    uint64_t slots[HANGING_SLOTS / 64];
    unsigned count; /* above WANTED_LISTED: not all are listed */
    uintptr_t listed[WANTED_LISTED];
};

static void look_for(struct hanging *wanted, uintptr_t address)
{
    unsigned slot = hanging_slot(address);
    wanted->slots[slot / 64] |= UINT64_C(1) << slot % 64;
    if (wanted->count < WANTED_LISTED)
        wanted->listed[wanted->count] = address;
    if (wanted->count <= WANTED_LISTED)
        wanted->count++;
}

static bool is_looked_for(const struct hanging *wanted, const struct young *entry)
{
    for (unsigned i = 0; i < YOUNG_PARENTS; i++) {
        unsigned slot = hanging_slot(entry->parent[i]);
        if (entry->parent[i] == 0 || (wanted->slots[slot / 64] >> slot % 64 & 1) == 0)
            continue;
        if (wanted->count > WANTED_LISTED)
            return true;
        for (unsigned listed = 0; listed < wanted->count; listed++)
            if (wanted->listed[listed] == entry->parent[i])
                return true;
    }
    return false;
}

/* What hangs on the one that was found, or on what lives in it, is looked for as well. */
static void look_below_for(struct hanging *wanted, const struct young_set *set, uint16_t index)
{
    look_for(wanted, set->entries[index].address);
    for (uint16_t child = set->entries[index].first_child; child != 0; child = set->entries[child].sibling)
        look_below_for(wanted, set, child);
}

/* Grow up what hangs on what is looked for. True: there was any. */
static bool grow_hanging(struct young_set *set, struct hanging *wanted)
{
    bool any = false;
    for (uint16_t index = set->first_root, next; index != 0; index = next) {
        next = set->entries[index].after;
        if (!has_outside(&set->entries[index]) || !is_looked_for(wanted, &set->entries[index]))
            continue;
        const uint32_t serial = set->entries[next].serial;
        any = true;
        look_below_for(wanted, set, index);
        grow_tree(set, index, 0);
        if (next != 0 && (set->entries[next].serial != serial || set->entries[next].state == STATE_FREE))
            next = set->first_root; /* it was what this one depends on, and went with it */
    }
    return any;
}

/* Read while its owner may be writing. */
static bool seems_to_hang(const struct young_set *set, const struct hanging *wanted)
{
    if (atomic_load_explicit(&set->outside, memory_order_relaxed) == 0)
        return false;
    if (wanted->count > WANTED_LISTED) {
        for (unsigned word = 0; word < HANGING_SLOTS / 64; word++)
            for (uint64_t bits = wanted->slots[word]; bits != 0; bits &= bits - 1)
                if (hanging_in(&set->hanging[word * 64 + (unsigned)__builtin_ctzll(bits)]).count != 0)
                    return true;
        return false;
    }
    for (unsigned i = 0; i < wanted->count; i++)
        if (has_hanging(set, wanted->listed[i]))
            return true;
    return false;
}

static handle_id bury(struct young_set *set, uint16_t index, handle_id killer)
{
    const struct young *entry = &set->entries[index];
    handle_id id = record_of(set, index, 0);
    struct handle_record *record = tracker_handle(TRACKER, id);
    if (record == NULL)
        return 0;
    handle_died(TRACKER, id);
    record->cause = entry->cause;
    record->death_stack = entry->death_stack;
    record->death_function = entry->death_function;
    record->killer = killer;
    record->killer_serial = killer != 0 ? tracker_handle(TRACKER, killer)->serial : 0;
    return id;
}

static void grow_entry(struct young_set *set, uint16_t index);

/* The one that had this birth, grown up by now; 0 if it is forgotten. */
static handle_id grown_by_birth(struct young_set *set, uintptr_t address, uint32_t serial)
{
    for (uint16_t index = set->heads[head_of(set, address)]; index != 0; index = set->entries[index].next)
        if (set->entries[index].address == address && set->entries[index].serial == serial) {
            grow_entry(set, index);
            break;
        }
    return handle_find_birth(TRACKER, address, serial);
}

/* What took a dead one along, or replaced it; 0 if nothing did. */
static handle_id killer_of_young(struct young_set *set, const struct young *entry)
{
    bool killed = entry->cause == CAUSE_PARENT || entry->cause == CAUSE_INVALIDATED;
    return killed ? grown_by_birth(set, entry->killer, entry->killer_serial) : 0;
}

/* A dead one, with its killer, and in what it lived. */
static handle_id bury_grown(struct young_set *set, uint16_t index)
{
    const struct young *entry = &set->entries[index];
    handle_id id = bury(set, index, killer_of_young(set, entry));
    handle_id above = id != 0 && (entry->flags & YOUNG_WITHIN) != 0 ? grown_by_birth(set, entry->parent[0], entry->above_serial) : 0;
    if (above != 0)
        edge_add(TRACKER, above, id, EDGE_BORROWED);
    return id;
}

/* A dead one, and what lies in the same block, with their fence. What took it along goes first. */
static void grow_dead(struct young_set *set, uint16_t index)
{
    if (set->entries[index].owner != 0)
        index = set->entries[index].owner;
    const struct young block = set->entries[index];
    set->deaths[block.place] = 0;
    set->fence_bytes -= block.bytes;
    handle_id first = 0;
    for (uint16_t member = index, next; member != 0; member = next) {
        next = member == index ? block.first_child : set->entries[member].sibling;
        set->entries[member].state = STATE_DYING; /* so that a killer inside the same block is not taken twice */
        handle_id id = bury_grown(set, member);
        if (id != 0) {
            tracker_handle(TRACKER, id)->fence_next = first;
            first = id;
        }
        unlink_entry(set, member);
    }
    struct arena_header *header = tracker_header(TRACKER);
    while (first != 0 && (header->fence_head - header->fence_tail >= holdfast_options.fence_max || header->fence_bytes + block.bytes > holdfast_options.fence_bytes)) {
        uintptr_t oldest = fence_pop(TRACKER);
        if (oldest == 0)
            break;
        fence_free_block(oldest);
    }
    if (first != 0 && fence_push(TRACKER, block.block, block.bytes, first))
        return;
    for (handle_id id = first, next; id != 0; id = next) {
        next = tracker_handle(TRACKER, id)->fence_next;
        tracker_handle(TRACKER, id)->fence_next = 0;
        handle_forget(TRACKER, id);
    }
    fence_free_block(block.block);
}

static void grow_entry(struct young_set *set, uint16_t index)
{
    if (set->entries[index].state == STATE_LIVE || set->entries[index].state == STATE_HELD)
        grow_root(set, index);
    else if (set->entries[index].state == STATE_DEAD)
        grow_dead(set, index);
}

/* ---- growing up with no more locked than that needs -------------------------------------------------------------------------- */

/* What was asked for, of this thread's set, when the shards were locked that growing up leads to. */
#define SHOWABLE_MAX 4u
static __thread uintptr_t showable[SHOWABLE_MAX] __attribute__((tls_model("initial-exec")));
static __thread unsigned showable_count __attribute__((tls_model("initial-exec")));

/* Nothing grows up. */
static bool lock_alone_near(const uintptr_t *addresses, unsigned count)
{
    showable_count = 0;
    return tracker_lock_near(TRACKER, addresses, count);
}

struct near_list {
    unsigned count;
    bool too_many;
    uintptr_t addresses[TRACKER_NEAR_MAX];
};

static bool is_listed(const struct near_list *list, uintptr_t address)
{
    for (unsigned i = 0; i < list->count; i++)
        if (list->addresses[i] == address)
            return true;
    return false;
}

static void list_address(struct near_list *list, uintptr_t address)
{
    if (address == 0 || is_listed(list, address))
        return;
    if (list->count < TRACKER_NEAR_MAX)
        list->addresses[list->count++] = address;
    else
        list->too_many = true;
}

static void list_root(struct near_list *list, const struct young_set *set, uint16_t index);

/* What growing up with all below leads to: what those hang on, and what that, being young, hangs on. */
static void list_tree(struct near_list *list, const struct young_set *set, uint16_t index)
{
    const struct young *entry = &set->entries[index];
    list_address(list, entry->address);
    for (unsigned i = 0; has_outside(entry) && i < YOUNG_PARENTS && !list->too_many; i++) {
        if (entry->parent[i] == 0 || is_listed(list, entry->parent[i]))
            continue;
        list_address(list, entry->parent[i]);
        uint16_t young = lookup(set, entry->parent[i]);
        if (young != 0)
            list_root(list, set, young);
    }
    for (uint16_t child = entry->first_child; child != 0 && !list->too_many; child = set->entries[child].sibling)
        list_tree(list, set, child);
}

static void list_root(struct near_list *list, const struct young_set *set, uint16_t index)
{
    while (set->entries[index].above != 0)
        index = set->entries[index].above;
    list_tree(list, set, index);
}

/* False: what is dead leads to its killers, what is large too far, or the set may not be entered now. Then all is locked. */
static bool collect_shown(struct near_list *list, const uintptr_t *addresses, unsigned count)
{
    struct young_set *set = enter();
    if (set == NULL)
        return false;
    bool fine = true;
    for (unsigned i = 0; i < count && fine; i++) {
        uint16_t index = addresses[i] != 0 ? lookup(set, addresses[i]) : 0;
        fine = index == 0 || set->entries[index].state == STATE_LIVE || set->entries[index].state == STATE_HELD;
        if (fine && index != 0)
            list_root(list, set, index);
        list_address(list, addresses[i]);
    }
    leave(set);
    return fine && !list->too_many;
}

/* All that grow_hanging() would find; `found` is given up. */
static void list_hanging(struct near_list *list, const struct young_set *set, struct hanging *found)
{
    for (bool again = true; again && !list->too_many;) {
        again = false;
        for (uint16_t index = set->first_root; index != 0 && !list->too_many; index = set->entries[index].after) {
            const struct young *entry = &set->entries[index];
            if (!has_outside(entry) || is_listed(list, entry->address) || !is_looked_for(found, entry))
                continue;
            look_below_for(found, set, index);
            list_tree(list, set, index);
            again = true;
        }
    }
}

#define HANGING_FEW 256u /* living ones, among which it does not cost much to look twice */

/* [tracker unlocked] The same as settle_hanging() for this thread's set, where few have to grow up. */
static void settle_own_hanging(struct young_set *set, struct hanging *wanted)
{
    struct near_list list = {.count = 0};
    if (atomic_load_explicit(&set->live, memory_order_relaxed) > HANGING_FEW || enter() == NULL)
        return;
    struct hanging found = *wanted;
    list_hanging(&list, set, &found);
    leave(set);
    if (list.count == 0 || list.too_many || !lock_alone_near(list.addresses, list.count))
        return;
    if (enter() != NULL) {
        grow_hanging(set, wanted);
        leave(set);
    }
    tracker_unlock(TRACKER);
}

/* ---- births ------------------------------------------------------------------------------------------------------------------ */

/* Somebody may know this address: the set of this thread or of another one, or the tracker. What lived there in this thread's set died unseen. */
static __attribute__((noinline)) bool nobody_knows(uintptr_t address)
{
    bool shown = !alone() && others_seem_to_have(mine, address);
    if (!(shown ? tracker_lock(TRACKER) : lock_alone_near(&address, 1)))
        return false;
    struct young_set *set = enter();
    bool unknown = set != NULL;
    if (unknown) {
        uint16_t index = lookup(set, address);
        if (index != 0 && set->entries[index].state == STATE_LIVE) {
            drop(set, index);
            tracker_count(TRACKER, COUNTER_implicit_deaths);
        } else if (index != 0) {
            unknown = false;
        }
        leave(set);
    }
    if (unknown)
        young_show(address);
    unknown = unknown && handle_find(TRACKER, address, NULL, NULL) == 0;
    tracker_unlock(TRACKER);
    return unknown;
}

static void count_growth(void)
{
    if (atomic_load_explicit(&grown, memory_order_relaxed) != 0)
        growth_count_births(atomic_exchange_explicit(&grown, 0, memory_order_relaxed));
}

/* All heads are used from now on. Those that shared one stay in order. */
static void spread_heads(struct young_set *set)
{
    enum { PARTS = 1 << (HEADS_BITS - HEADS_FIRST_BITS) };
    atomic_store_explicit(&set->head_shift, 0, memory_order_relaxed);
    atomic_thread_fence(memory_order_release);
    /* The parts of a head lie at and behind its own place: from the last to the first none is written before it was read. */
    for (unsigned head = 1u << HEADS_FIRST_BITS; head-- > 0;) {
        uint16_t index = set->heads[head], *tail[PARTS];
        set->heads[head] = 0;
        for (unsigned i = 0; i < PARTS; i++)
            tail[i] = &set->heads[head * PARTS + i];
        while (index != 0) {
            struct young *entry = &set->entries[index];
            uint16_t **end = &tail[head_at(entry->address, 64 - HEADS_BITS) % PARTS];
            **end = index;
            *end = &entry->next;
            index = entry->next;
            **end = 0;
        }
    }
    atomic_store_explicit(&set->head_shift, 64 - HEADS_BITS, memory_order_release);
}

/* It is full. Did many die that had to make room the last time? Then it may hold more from now on. */
static __attribute__((noinline, cold)) bool may_hold_more(struct young_set *set)
{
    bool more = set->adopted >= set->live_max / 4 && set->live_max < set->live_bound && (set->free_head != 0 || set->unused < ENTRIES(set->live_bound));
    set->adopted = 0;
    if (!more)
        return false;
    if (atomic_load_explicit(&set->head_shift, memory_order_relaxed) == 64 - HEADS_FIRST_BITS)
        spread_heads(set);
    set->live_max = (uint16_t)(set->live_max * 2);
    return true;
}

/* This thread's set with room for one more, entered. */
static inline struct young_set *enter_with_room(void)
{
    struct young_set *set = enter();
    if (likely(set == NULL || has_room(set) || may_hold_more(set)))
        return set;
    leave(set);
    young_settle();
    set = enter();
    if (set == NULL || has_room(set))
        return set;
    leave(set);
    return NULL;
}

static inline void remember_good(const struct view *view, uintptr_t address, uint8_t kind)
{
    if (kind_table[kind].serial)
        tree_forget(address);
    lender_forget(address);
    good_put(&good_cache[good_index(address)], good_entry(address, view->number, kind));
}

/* What this parent lives in, depends on, or came from, for which it stands: owner_of() of births.c, where it is certain and fine. */
static __attribute__((noinline)) bool find_owner(const struct view *view, uintptr_t *address, uint8_t *kind)
{
    bool known = false;
    struct young_set *set = enter();
    if (set == NULL)
        return false;
    uint16_t index = lookup(set, *address);
    const struct young *entry = &set->entries[index];
    if (index != 0) {
        known = entry->state == STATE_LIVE && entry->above == 0 && has_outside(entry) && entry->parent[0] != 0 && entry->parent[1] == 0;
        if (known) {
            *kind = entry->parent_kind[0];
            *address = entry->parent[0];
        }
        leave(set);
    } else {
        leave(set);
        if (!lock_alone_near(address, 1))
            return false;
        handle_id id = handle_find(TRACKER, *address, accepts, kind);
        const struct handle_record *record = tracker_handle(TRACKER, id != 0 ? owner_of(id) : 0);
        known = record != NULL && record->state == HANDLE_LIVE && record->kind < KIND_COUNT;
        if (known) {
            *kind = (uint8_t)record->kind;
            *address = record->address;
        }
        tracker_unlock(TRACKER);
    }
    return known && known_good(view, (const void *)*address, (enum kind)*kind);
}

bool young_born(const struct view *view, const struct young_birth *birth, uintptr_t caller, uintptr_t address, uintptr_t first_parent, uintptr_t second_parent,
                int32_t number)
{
    stack_id stack = stack_here(caller);
    uint8_t first_kind = birth->parent_kind[0];
    if (birth->by_owner && !find_owner(view, &first_parent, &first_kind))
        return false;
    if (unlikely(handle_may_be_known(address)) && !nobody_knows(address))
        return false;
    struct young_set *set = enter_with_room();
    if (set == NULL)
        return false;
    if (unlikely(set->resting > 0)) {
        set->resting--;
        leave(set);
        return false;
    }
    if (unlikely(atomic_load_explicit(&known_births[birth->function], memory_order_relaxed) == NULL))
        atomic_store_explicit(&known_births[birth->function], birth, memory_order_relaxed);
    uint16_t index = add_entry(set, view, birth, address, stack, number);
    struct young *entry = &set->entries[index];
    join_roots(set, index);
    if ((first_parent | second_parent) != 0)
        hang(set, entry, first_parent, first_kind, second_parent, birth->parent_kind[1]);
    remember_good(view, address, birth->kind);
    leave(set);
    return true;
}

/* Beside the good cache stands of which tree a handle is: what was just lent is of that of its lender. */
static inline void remember_tree(uintptr_t address, uintptr_t lender)
{
    uint16_t tree = atomic_load_explicit(&tree_of[good_index(lender)], memory_order_relaxed);
    if (good_index(lender) != good_index(address))
        atomic_store_explicit(&tree_of[good_index(address)], tree, memory_order_relaxed);
}

/* Lent by one that is in the tracker, and good. */
static __attribute__((noinline)) bool lent_from_outside(const struct view *view, const struct young_birth *birth, stack_id stack, uintptr_t address, uintptr_t parent,
                                                        int32_t number)
{
    if (!known_good(view, (const void *)parent, (enum kind)birth->parent_kind[0]) || others_seem_to_have(mine, parent))
        return false;
    if (handle_may_be_known(address) && !nobody_knows(address))
        return false;
    struct young_set *set = enter_with_room();
    if (set == NULL)
        return false;
    if (lookup(set, parent) != 0 || lookup(set, address) != 0) {
        leave(set);
        return false;
    }
    if (unlikely(set->resting > 0)) {
        set->resting--;
        leave(set);
        return false;
    }
    uint16_t index = add_entry(set, view, birth, address, stack, number);
    join_roots(set, index);
    hang(set, &set->entries[index], parent, birth->parent_kind[0], 0, 0);
    remember_good(view, address, birth->kind);
    if (kind_table[birth->kind].serial && kind_table[birth->parent_kind[0]].serial)
        remember_tree(address, parent);
    loan_remember(parent, address);
    leave(set);
    return true;
}

static unsigned depth_of(const struct young_set *set, uint16_t index)
{
    unsigned depth = 0;
    while ((index = set->entries[index].above) != 0)
        depth++;
    return depth;
}

bool young_lent(const struct view *view, const struct young_birth *birth, uintptr_t caller, uintptr_t address, uintptr_t parent, int32_t number)
{
    stack_id stack = stack_here(caller);
    struct young_set *set = enter_with_room();
    if (set == NULL)
        return false;
    uint16_t above = lookup(set, parent), index = lookup(set, address);
    if (above == 0) {
        struct young *entry = &set->entries[index];
        bool again = index != 0 && entry->state == STATE_LIVE && entry->above == 0 && has_outside(entry) && entry->birth->borrowed && entry->parent[0] == parent &&
                     entry->birth->kind == birth->kind && known_good(view, (const void *)parent, (enum kind)birth->parent_kind[0]);
        if (again) {
            if (!view->exact)
                entry->flags |= YOUNG_TRACELESS;
            remember_good(view, address, birth->kind);
            loan_remember(parent, address);
        }
        leave(set);
        return again || (index == 0 && lent_from_outside(view, birth, stack, address, parent, number));
    }
    bool possible = above != 0 && set->entries[above].state == STATE_LIVE && depth_of(set, above) < DEPTH_MAX &&
                    (index == 0 ? true : set->entries[index].state == STATE_LIVE && set->entries[index].above == above && set->entries[index].birth->kind == birth->kind);
    if (possible && index == 0 && unlikely(handle_may_be_known(address))) {
        uint32_t serial = set->entries[above].serial;
        leave(set);
        if (!nobody_knows(address) || (set = enter_with_room()) == NULL)
            return false;
        possible = set->entries[above].state == STATE_LIVE && set->entries[above].serial == serial;
    }
    if (!possible) {
        leave(set);
        return false;
    }
    if (index == 0) {
        index = add_entry(set, view, birth, address, stack, number);
        struct young *entry = &set->entries[index];
        entry->above = above;
        entry->sibling = set->entries[above].first_child;
        set->entries[above].first_child = index;
    } else if (!view->exact) {
        set->entries[index].flags |= YOUNG_TRACELESS;
    }
    remember_good(view, address, birth->kind);
    loan_remember(parent, address);
    leave(set);
    return true;
}

/* ---- deaths ------------------------------------------------------------------------------------------------------------------ */

/* The death of these was begun by a call that never came back (longjmp): nothing is known of them. */
static void give_dying_up(struct young_set *set)
{
    for (unsigned i = 0; i < set->dying_count; i++)
        if (set->entries[set->dying[i]].state == STATE_DYING) {
            filter_remove(set->entries[set->dying[i]].address);
            unlink_entry(set, set->dying[i]);
        }
    set->dying_count = 0;
}

/* What it lent, and what that lent: how many, does Python hold any of them, did any go to a caller that leaves no trace? False: too many, or something else may
 * depend on one of them. */
static bool look_below(const struct young_set *set, const struct young *entry, unsigned *count, bool *holders, bool *traceless)
{
    for (uint16_t child = entry->first_child; child != 0; child = set->entries[child].sibling) {
        const struct young *lent = &set->entries[child];
        if (++*count > WATCHED_MAX || may_have_hanging(lent->address) ||
            (lent->first_child != 0 && !look_below(set, lent, count, holders, traceless)))
            return false;
        *holders = *holders || lent->holders != 0;
        *traceless = *traceless || (lent->flags & YOUNG_TRACELESS) != 0;
    }
    return true;
}

/* What it depends on is neither held nor below something held: then its death is nobody's cue. */
static __attribute__((noinline, cold)) bool parents_are_good(const struct view *view, const struct young *entry)
{
    for (unsigned i = 0; i < YOUNG_PARENTS; i++)
        if (entry->parent[i] != 0 && !known_good(view, (const void *)entry->parent[i], (enum kind)entry->parent_kind[i]))
            return false;
    return true;
}

/* What the free of this one means here. */
static inline enum young_outcome judge(const struct young_set *set, const struct young *entry, const struct view *view, uint8_t kind, bool *grace)
{
    bool holders = false, traceless = false;
    if (entry->state != STATE_LIVE || entry->birth->borrowed || entry->above != 0 || entry->birth->kind != kind || entry->provider != view->number || entry->holders != 0 ||
        may_have_hanging(entry->address))
        return YOUNG_NO;
    if (has_outside(entry) && hold_any() && !parents_are_good(view, entry))
        return YOUNG_NO;
    unsigned count = 1;
    if (!look_below(set, entry, &count, &holders, &traceless))
        return YOUNG_NO;
    if (holdfast_options.mode == MODE_report)
        return YOUNG_GOES; /* nothing waits, and nothing is told before a late use */
    if (traceless && (holders || holdfast_options.borrowed != BORROWED_GRACE || holdfast_options.grace_max == 0))
        return YOUNG_NO;
    *grace = traceless;
    return holders || traceless ? YOUNG_HELD : YOUNG_GOES;
}

#define HELD_MAX 32u

/* May its free wait here? It is called again with its one argument then, perhaps with the interpreter's lock held: so only what is destroyed without a word. */
static bool may_be_held(const struct young_set *set, enum function function, uint8_t kind, bool given)
{
    return !given && holdfast_options.mode == MODE_defer && kind_table[kind].harmless && kind_table[kind].many && function_table[function].argument_count == 1 && set->held < HELD_MAX &&
           set->held < holdfast_options.hold_max;
}

static void begin_death(struct young_set *set, uint16_t index)
{
    struct young *entry = &set->entries[index];
    good_forget(entry->address);
    fence_light_add(&set->watch, entry->address, set->dying_count);
    set->dying[set->dying_count++] = index;
    leave_living(set, index);
    entry->state = STATE_DYING;
}

/* With the last feature goes the definition that nobody else references: that is for the slow path to watch. */
static bool may_be_last_reference(const struct view *view, const struct young *entry)
{
    for (unsigned i = 0; i < YOUNG_PARENTS; i++)
        if (entry->parent[i] != 0 && kind_table[entry->parent_kind[i]].reference != NULL &&
            (!known_good(view, (const void *)entry->parent[i], (enum kind)entry->parent_kind[i]) ||
             true_count(view, (enum kind)entry->parent_kind[i], entry->parent[i]) <= 1))
            return true;
    return false;
}

/* One that grew up, or is another thread's, and of which nothing is known but what is known of the young, is taken to die here. The entry, 0: it stays where it is.
 * `*unknown`: there is nobody who knows anything of this address. */
static __attribute__((noinline)) uint16_t adopt(const struct view *view, uint8_t kind, uintptr_t address, bool *unknown)
{
    const uint32_t plain = HANDLE_EXACT | HANDLE_HARMLESS | HANDLE_NUMBER;
    *unknown = young_is_unknown(address);
    if (*unknown || !lock_near(address))
        return 0;
    uint16_t index = 0;
    young_show(address); /* of another thread */
    handle_id id = handle_find(TRACKER, address, NULL, NULL);
    const struct handle_record *record = tracker_handle(TRACKER, id);
    const struct young_birth *birth = record != NULL && record->birth_function < FUNCTION_COUNT ? atomic_load_explicit(&known_births[record->birth_function], memory_order_relaxed) : NULL;
    bool same = birth != NULL && record->kind == kind && birth->kind == kind && record->provider == view->number && record->state == HANDLE_LIVE &&
                record->cause == CAUSE_NONE && (record->flags & ~plain) == 0 && record->first_child == 0 && record->first_parent == 0 && record->holders == 0 &&
                record->references == 0 && record->generation == tracker_header(TRACKER)->forks && record->loan_stack == 0 &&
                ((record->flags & HANDLE_NUMBER) != 0) == birth->numbered;
    struct young_set *set = same ? enter() : NULL;
    if (set != NULL && has_room(set)) {
        const struct handle_record old = *record;
        handle_forget(TRACKER, id);
        index = add_entry(set, view, birth, address, old.birth_stack, (int32_t)old.label);
        set->counts[COUNT_BIRTHS]--; /* it was counted when it was born */
        if (set->adopted != UINT16_MAX)
            set->adopted++;
        if (old.birth != 0) /* else it was born the slow way */
            set->entries[index].serial = old.birth;
        join_roots(set, index);
    }
    if (set != NULL)
        leave(set);
    tracker_unlock(TRACKER);
    return index;
}

static void forget_good_below(const struct young_set *set, const struct young *entry)
{
    for (uint16_t child = entry->first_child; child != 0; child = set->entries[child].sibling) {
        good_forget(set->entries[child].address);
        if (set->entries[child].first_child != 0)
            forget_good_below(set, &set->entries[child]);
    }
}

/* Whoever uses it, or what it lent, from now on goes the slow way, where it grows up. */
static void hold_here(struct young_set *set, struct young *entry)
{
    good_forget(entry->address);
    forget_good_below(set, entry);
    entry->state = STATE_HELD;
    set->held++;
    set->counts[COUNT_HELD]++;
}

/* The ring is bounded: returns whose time is over then. */
static struct young_due give_grace(struct young_set *set, uint16_t index)
{
    struct young *entry = &set->entries[index];
    struct young_due oldest = {.set = NULL};
    entry->flags |= YOUNG_GRACE;
    if (set->grace_end - set->grace_begin >= (holdfast_options.grace_max < GRACE_MAX ? holdfast_options.grace_max : GRACE_MAX))
        oldest = set->grace[set->grace_begin++ % GRACE_MAX];
    set->grace[set->grace_end++ % GRACE_MAX] = (struct young_due){.set = set, .address = entry->address, .serial = entry->serial, .index = index};
    return oldest;
}

/* Leaves first: each death takes its entry out of its parent's list. */
static void begin_deaths_below(struct young_set *set, struct young *entry, const struct young *killer)
{
    while (entry->first_child != 0) {
        struct young *child = &set->entries[entry->first_child];
        if (child->first_child != 0)
            begin_deaths_below(set, child, killer);
        child->death_stack = killer->death_stack;
        child->death_function = killer->death_function;
        child->cause = CAUSE_PARENT;
        child->killer = killer->address;
        child->killer_serial = killer->serial;
        child->flags |= YOUNG_WITHIN;
        child->parent[0] = entry->address;
        child->above_serial = entry->serial;
        begin_death(set, entry->first_child);
    }
}

/* The death of this one and of what it lent begins; the set is left. */
static void die_here(struct young_death *death, struct young_set *set, uint16_t index, bool given)
{
    struct young *entry = &set->entries[index];
    if (unlikely(set->dying_count != 0))
        give_dying_up(set);
    fence_light_begin(&set->watch);
    begin_deaths_below(set, entry, entry);
    entry->cause = given ? CAUSE_TAKEN : CAUSE_FREED;
    begin_death(set, index);
    death->set = set;
    death->serial = entry->serial;
    death->index = index;
    death->given = given;
    fence_light_arm(&set->watch, (uintptr_t)death);
    leave(set);
}

/* Is it one that lent nothing, on which nothing hangs, and whose death is no other one's cue? What judge() would say YOUNG_GOES to at once. */
static inline bool dies_alone(const struct young_set *set, const struct young *entry, const struct view *view, uint8_t kind)
{
    const struct young_birth *birth = entry->birth;
    return entry->state == STATE_LIVE && (entry->first_child | entry->above | entry->holders) == 0 && entry->provider == view->number && birth->kind == kind &&
           !birth->borrowed && !birth->counts && !may_have_hanging(entry->address) && !(has_outside(entry) && hold_any()) &&
           set->dying_count == 0 && set->watch.arming == 0;
}

/* die_here() of such a one. */
static inline void die_alone(struct young_death *death, struct young_set *set, uint16_t index, bool given)
{
    struct young *entry = &set->entries[index];
    good_forget(entry->address);
    set->dying[0] = index;
    set->dying_count = 1;
    change(&set->live, -1);
    if (has_outside(entry))
        unhang(set, entry);
    leave_roots(set, entry);
    entry->state = STATE_DYING;
    entry->cause = given ? CAUSE_TAKEN : CAUSE_FREED;
    *death = (struct young_death){.set = set, .serial = entry->serial, .index = index, .given = given};
    fence_light_arm_one(&set->watch, entry->address, (uintptr_t)death);
    leave(set);
}

/* The last that died here was none of this thread's set: the next one is looked for before its stack is taken, because of what nobody knows none is wanted. A program
 * with more handles than the arena holds frees millions of those. */
static __thread bool from_elsewhere __attribute__((tls_model("initial-exec")));

static enum young_outcome dying_otherwise(struct young_death *death, const struct view *view, enum function function, uint8_t kind, uintptr_t caller, uintptr_t address, bool given,
                                          struct young_set *set, uint16_t index, stack_id stack);

enum young_outcome young_dying(struct young_death *death, const struct view *view, enum function function, uint8_t kind, uintptr_t caller, uintptr_t address,
                               bool given)
{
    death->set = NULL;
    python_settle_proxies();
    control_look();
    if (unlikely(from_elsewhere) && mine != NULL && !seems_to_have(mine, address))
        return dying_otherwise(death, view, function, kind, caller, address, given, mine, 0, 0);
    stack_id stack = stack_here(caller); /* takes locks, so before the set is entered */
    struct young_set *set = enter();
    if (unlikely(set == NULL))
        return YOUNG_NO;
    uint16_t index = lookup(set, address);
    struct young *entry = &set->entries[index];
    if (unlikely(index == 0)) {
        leave(set);
        return dying_otherwise(death, view, function, kind, caller, address, given, set, index, stack);
    }
    if (unlikely(!dies_alone(set, entry, view, kind)))
        return dying_otherwise(death, view, function, kind, caller, address, given, set, index, stack);
    entry->death_stack = stack;
    entry->death_function = (uint16_t)function;
    die_alone(death, set, index, given);
    return YOUNG_GOES;
}

/* The rest of it, with the set entered unless it has no such handle (`index` 0). */
static __attribute__((noinline)) enum young_outcome dying_otherwise(struct young_death *death, const struct view *view, enum function function, uint8_t kind, uintptr_t caller,
                                                                    uintptr_t address, bool given, struct young_set *set, uint16_t index, stack_id stack)
{
    from_elsewhere = index == 0;
    if (unlikely(index == 0)) {
        bool unknown = false;
        index = adopt(view, kind, address, &unknown);
        if (unknown && !given && !hold_any()) {
            good_forget(address);
            return YOUNG_GOES; /* and nobody is told: `death` has no set */
        }
        if (index == 0)
            return YOUNG_NO;
        if (stack == 0)
            stack = stack_here(caller);
        if (enter() == NULL)
            return YOUNG_NO;
        if (set->entries[index].address != address) {
            leave(set);
            return YOUNG_NO;
        }
    }
    struct young *entry = &set->entries[index];
    bool grace = false;
    enum young_outcome outcome = index != 0 ? judge(set, entry, view, kind, &grace) : YOUNG_NO;
    if (outcome == YOUNG_NO || fence_light_is_armed(&set->watch) || (outcome == YOUNG_HELD && !may_be_held(set, function, kind, given))) {
        leave(set);
        return YOUNG_NO;
    }
    if (unlikely(entry->birth->counts)) {
        const struct young before = *entry;
        leave(set);
        if (may_be_last_reference(view, &before) || enter() == NULL)
            return YOUNG_NO;
        if (entry->state != STATE_LIVE || entry->serial != before.serial || judge(set, entry, view, kind, &grace) != outcome) {
            leave(set);
            return YOUNG_NO;
        }
    }
    entry->death_stack = stack;
    entry->death_function = (uint16_t)function;
    if (outcome == YOUNG_GOES) {
        die_here(death, set, index, given);
        return YOUNG_GOES;
    }
    hold_here(set, entry);
    bool first = set->held == 1;
    struct young_due oldest = {.set = NULL};
    if (grace)
        oldest = give_grace(set, index);
    leave(set);
    if (first)
        lifecycle_expect_exit();
    if (oldest.set != NULL)
        young_release(&oldest);
    return YOUNG_HELD;
}

/* It grew up meanwhile, because somebody looked: then it is in the common queue. */
static __attribute__((noinline, cold)) void release_grown(const struct young_due *due)
{
    if (!lock_near(due->address))
        return;
    young_show(due->address);
    handle_id id = handle_find_birth(TRACKER, due->address, due->serial);
    uint32_t serial = id != 0 ? tracker_handle(TRACKER, id)->serial : 0;
    tracker_unlock(TRACKER);
    if (id != 0)
        hold_children_may_be_gone(id, serial);
}

void young_release(const struct young_due *due)
{
    struct young_death death __attribute__((cleanup(young_died))) = {.set = NULL};
    struct young_set *set = due->set;
    if (set != mine || enter() == NULL) {
        release_grown(due);
        return;
    }
    struct young *entry = &set->entries[due->index];
    if (entry->state != STATE_HELD || entry->serial != due->serial || fence_light_is_armed(&set->watch)) {
        leave(set);
        release_grown(due);
        return;
    }
    struct provider *provider = provider_by_number(entry->provider);
    void (*real)(uintptr_t) = provider != NULL ? (void (*)(uintptr_t))find_real(provider, (enum function)entry->death_function) : NULL;
    uintptr_t address = entry->address;
    set->held--;
    set->counts[COUNT_RELEASED]++;
    die_here(&death, set, due->index, false);
    struct provider *outer = calling_provider;
    calling_provider = provider;
    if (real != NULL)
        real(address);
    calling_provider = outer;
}

static inline bool too_much_is_fenced(const struct young_set *set)
{
    return set->dead_end - set->dead_begin > holdfast_options.young || set->fence_bytes > holdfast_options.fence_bytes / 8;
}

/* The oldest fence is lifted, if there still are too many without those that grew up: returns its block, 0 if none was. */
static uintptr_t lift_oldest(struct young_set *set)
{
    while (set->dead_begin != set->dead_end && set->deaths[set->dead_begin % DEAD_MAX] == 0)
        set->dead_begin++;
    if (set->dead_begin == set->dead_end || (!too_much_is_fenced(set) && set->dead_end - set->dead_begin < DEAD_MAX))
        return 0;
    uint16_t index = set->deaths[set->dead_begin++ % DEAD_MAX];
    const struct young *entry = &set->entries[index];
    uintptr_t block = entry->block;
    set->fence_bytes -= entry->bytes;
    for (uint16_t member = entry->first_child, next; member != 0; member = next) {
        next = set->entries[member].sibling;
        unlink_entry(set, member);
    }
    unlink_entry(set, index);
    return block;
}

/* Dead, in a block of its own that is kept back. */
static inline void fence_one(struct young_set *set, uint16_t index, const struct fence_hit *hit)
{
    struct young *entry = &set->entries[index];
    filter_remove(entry->address);
    entry->state = STATE_DEAD;
    entry->first_child = entry->sibling = entry->owner = 0;
    entry->block = hit->block;
    entry->bytes = (uint32_t)hit->bytes;
    entry->place = (uint16_t)(set->dead_end % DEAD_MAX);
    set->deaths[set->dead_end++ % DEAD_MAX] = index;
    set->fence_bytes += hit->bytes;
}

/* What died in a block that was kept back: the first of them owns it. */
static void fence_hit(struct young_set *set, const struct fence_hit *hit)
{
    uint16_t owner = 0;
    for (uint32_t i = hit->first; i < hit->first + hit->count; i++) {
        uint16_t index = set->dying[set->watch.entries[i].id];
        struct young *entry = &set->entries[index];
        if (entry->state != STATE_DYING)
            continue;
        if (owner == 0) {
            owner = index;
            fence_one(set, index, hit);
            continue;
        }
        filter_remove(entry->address);
        entry->state = STATE_DEAD;
        entry->first_child = 0;
        entry->owner = owner;
        entry->sibling = set->entries[owner].first_child;
        set->entries[owner].first_child = index;
    }
}

/* One whose free was asked for and whose memory was not seen freed: it is dead, but nothing keeps its address. */
static __attribute__((noinline, cold)) void bury_unfenced(struct young_set *set, uint16_t index, uint32_t serial)
{
    if (!tracker_lock(TRACKER))
        return;
    if (enter_again(set) != NULL) {
        if (set->entries[index].state == STATE_DYING && set->entries[index].serial == serial) {
            bury(set, index, 0);
            filter_remove(set->entries[index].address);
            unlink_entry(set, index);
        }
        leave(set);
    }
    tracker_unlock(TRACKER);
}

#define LIFTED_MAX 16

/* What several died of, or died without being seen. */
static __attribute__((noinline)) void settle_death(struct young_set *set, const struct young_death *death)
{
    uintptr_t lifted[LIFTED_MAX];
    unsigned lifted_count = 0;
    for (uint32_t i = 0; i < set->watch.hit_count; i++)
        if (set->watch.hits[i].kept) {
            while (set->dead_end - set->dead_begin >= DEAD_MAX && lifted_count < LIFTED_MAX)
                lifted[lifted_count++] = lift_oldest(set);
            fence_hit(set, &set->watch.hits[i]);
        }
    while (too_much_is_fenced(set) && lifted_count < LIFTED_MAX)
        lifted[lifted_count++] = lift_oldest(set);
    bool unfenced = false;
    for (unsigned i = 0; i < set->dying_count; i++) {
        uint16_t index = set->dying[i];
        if (set->entries[index].state != STATE_DYING)
            continue;
        /* A child, or what was given away, whose block was not seen freed: nothing is certain about it. */
        if (index == death->index && !death->given) {
            unfenced = true;
            continue;
        }
        filter_remove(set->entries[index].address);
        unlink_entry(set, index);
    }
    set->counts[COUNT_DEATHS] += set->dying_count;
    set->dying_count = 0;
    leave(set);
    if (unlikely(unfenced))
        bury_unfenced(set, death->index, death->serial);
    for (unsigned i = 0; i < lifted_count; i++)
        fence_free_block(lifted[i]);
}

void young_died_slowly(struct young_death *death)
{
    struct young_set *set = death->set;
    death->set = NULL;
    fence_light_disarm(&set->watch); /* what Holdfast itself does from here on is no evidence */
    if (enter_again(set) == NULL)
        return;
    const struct fence_hit *only = &set->watch.hits[0];
    if (likely(set->dying_count == 1 && set->watch.hit_count == 1 && only->kept && set->entries[death->index].state == STATE_DYING &&
               set->dead_end - set->dead_begin < DEAD_MAX)) {
        fence_one(set, death->index, only);
        set->counts[COUNT_DEATHS]++;
        set->dying_count = 0;
        uintptr_t oldest = too_much_is_fenced(set) ? lift_oldest(set) : 0;
        leave(set);
        fence_free_block(oldest);
        return;
    }
    settle_death(set, death);
}

/* ---- gifts and changes ------------------------------------------------------------------------------------------------------------- */

/* Watched while the call runs: this one, and all that lives in it. False: too many, or something else may depend on one of them. */
static bool watch_tree(struct young_set *set, uint16_t index, enum handle_cause cause)
{
    struct young *entry = &set->entries[index];
    if (set->watch.count == WATCHED_MAX || may_have_hanging(entry->address))
        return false;
    struct fence_entry *watched = &set->watch.entries[set->watch.count];
    fence_light_add(&set->watch, entry->address, index);
    watched->serial = entry->serial;
    watched->cause = (uint8_t)cause;
    for (uint16_t child = entry->first_child; child != 0; child = set->entries[child].sibling)
        if (!watch_tree(set, child, CAUSE_PARENT))
            return false;
    return true;
}

/* The same of what may be replaced below the one that is changed. */
static bool watch_changed(struct young_set *set, const struct young *entry, uint8_t kind)
{
    for (uint16_t child = entry->first_child; child != 0; child = set->entries[child].sibling) {
        const struct young *below = &set->entries[child];
        bool wanted = kind == 0 || below->birth->kind == kind;
        if (wanted && (set->watch.count == WATCHED_MAX || may_have_hanging(below->address)))
            return false;
        if (wanted) {
            struct fence_entry *watched = &set->watch.entries[set->watch.count];
            fence_light_add(&set->watch, below->address, child);
            watched->serial = below->serial;
            watched->cause = CAUSE_INVALIDATED;
        }
        if (!watch_changed(set, below, kind))
            return false;
    }
    return true;
}

static bool is_below(const struct young_set *set, uint16_t index, uint16_t ancestor)
{
    while (index != 0 && index != ancestor)
        index = set->entries[index].above;
    return index != 0;
}

/* This one is the caller's to give away, and all that the gift needs to know of it is known here. */
static bool may_be_given(struct young_set *set, struct young_gift *gift, uintptr_t address, uint8_t kind, bool member, uint16_t taker)
{
    uint16_t index = lookup(set, address);
    const struct young *entry = &set->entries[index];
    if (index == 0 || gift->count == WATCHED_MAX || entry->state != STATE_LIVE || entry->above != 0 || entry->birth->borrowed || entry->birth->kind != kind ||
        entry->birth->counts || entry->provider != gift->view->number || (has_outside(entry) && hold_any()) || is_below(set, taker, index))
        return false;
    for (unsigned i = 0; i < gift->count; i++)
        if (gift->given[i].index == index)
            return false; /* twice in one call: a mistake */
    gift->given[gift->count].index = index;
    gift->given[gift->count].member = member;
    gift->given[gift->count++].serial = entry->serial;
    return watch_tree(set, index, CAUSE_TAKEN);
}

static bool all_may_be_given(struct young_set *set, struct young_gift *gift, uint16_t taker)
{
    for (unsigned i = 0; i < gift->giving->count; i++) {
        const struct operand *at = &gift->giving->given[i].at;
        for (uint64_t j = 0, count = operand_count(at, gift->arguments, 0); j < count; j++) {
            uintptr_t address = operand_member(at, gift->arguments, 0, j);
            if (address != 0 && !may_be_given(set, gift, address, gift->giving->given[i].kind, at->form == FORM_array, taker))
                return false;
        }
    }
    return true;
}

bool young_gives(struct young_gift *gift, const struct view *view, const struct young_giving *giving, uintptr_t caller, const uintptr_t *arguments)
{
    gift->set = NULL;
    python_settle_proxies();
    control_look();
    uintptr_t address = giving->taker >= 0 ? arguments[giving->taker] : 0;
    if (giving->count == 0 && young_is_bare(address))
        return true;
    stack_id stack = stack_here(caller); /* takes locks, so before the set is entered */
    struct young_set *set = enter();
    if (set == NULL)
        return false;
    uint16_t taker = address != 0 ? lookup(set, address) : 0;
    const struct young *entry = &set->entries[taker];
    gift->view = view;
    gift->giving = giving;
    gift->arguments = arguments;
    gift->caller = caller;
    gift->stack = stack;
    gift->count = 0;
    gift->taker_serial = entry->serial;
    bool possible = !fence_light_is_armed(&set->watch) &&
                    (giving->taker < 0 || (taker != 0 && entry->state == STATE_LIVE && entry->birth->kind == giving->taker_kind && entry->provider == view->number &&
                                           depth_of(set, taker) < DEPTH_MAX));
    if (possible) {
        if (unlikely(set->dying_count != 0))
            give_dying_up(set);
        fence_light_begin(&set->watch);
        possible = all_may_be_given(set, gift, taker) && (!giving->changes || watch_changed(set, entry, giving->changed_kind));
    }
    if (possible && set->watch.count != 0) {
        fence_light_arm(&set->watch, (uintptr_t)gift);
        gift->set = set;
    }
    leave(set);
    return possible;
}

/* From now on it lives in its taker, and dies with it. */
static void attach(struct young_set *set, const struct young_gift *gift, unsigned number, uint16_t taker)
{
    uint16_t index = gift->given[number].index;
    struct young *entry = &set->entries[index];
    leave_roots(set, entry);
    if (has_outside(entry))
        unhang(set, entry);
    entry->flags &= (uint8_t)~(YOUNG_OUTSIDE | YOUNG_TRACELESS);
    entry->flags |= (uint8_t)(YOUNG_TAKEN | (gift->given[number].member ? YOUNG_CLAIMED : 0));
    entry->death_stack = gift->stack;
    entry->death_function = gift->giving->function;
    entry->above = taker;
    entry->sibling = set->entries[taker].first_child;
    set->entries[taker].first_child = index;
    remember_good(gift->view, entry->address, entry->birth->kind);
}

static inline bool is_still(const struct young_set *set, uint16_t index, uint32_t serial)
{
    return set->entries[index].serial == serial && set->entries[index].state == STATE_LIVE;
}

/* Did nothing die but what the change replaced, each in a block of its own? That is usual. */
static bool only_replaced(const struct young_set *set)
{
    for (uint32_t i = 0; i < set->watch.hit_count; i++) {
        const struct fence_hit *hit = &set->watch.hits[i];
        const struct fence_entry *watched = &set->watch.entries[hit->first];
        if (!hit->kept || hit->count != 1 || watched->cause != CAUSE_INVALIDATED || !is_still(set, (uint16_t)watched->id, watched->serial) ||
            set->entries[watched->id].first_child != 0)
            return false;
    }
    return true;
}

static void replaced(struct young_set *set, const struct young_gift *gift, const struct fence_hit *hit, const struct young *killer)
{
    uint16_t index = (uint16_t)set->watch.entries[hit->first].id;
    struct young *entry = &set->entries[index];
    const struct young *above = &set->entries[entry->above];
    good_forget(entry->address);
    leave_living(set, index);
    entry->cause = CAUSE_INVALIDATED;
    entry->killer = killer->address;
    entry->killer_serial = killer->serial;
    entry->flags |= YOUNG_WITHIN;
    entry->parent[0] = above->address;
    entry->above_serial = above->serial;
    entry->death_stack = gift->stack;
    entry->death_function = gift->giving->function;
    fence_one(set, index, hit);
    set->counts[COUNT_DEATHS]++;
}

/* The end of a call that went by the fast path and of which more, or something else, came than a set can tell: as if it had come the slow way. */
static __attribute__((noinline, cold)) void gave_otherwise(const struct young_gift *gift, const struct fence_watch *watch, uintptr_t result, bool born, bool left)
{
    struct call call;
    call_start(&call, gift->view, (enum function)gift->giving->function, gift->caller);
    call.stack = gift->stack;
    call.stack_taken = true;
    if (watch->hit_count != 0 && tracker_lock(TRACKER)) {
        watch_start(&call);
        call.watch.count = watch->count;
        call.watch.hit_count = watch->hit_count;
        memcpy(call.watch.entries, watch->inline_entries, watch->count * sizeof *call.watch.entries);
        memcpy(call.watch.hits, watch->inline_hits, watch->hit_count * sizeof *call.watch.hits);
        for (uint32_t i = 0; i < watch->count; i++) {
            struct fence_entry *entry = &call.watch.entries[i];
            good_forget(entry->address);
            young_show(entry->address);
            entry->id = handle_find_birth(TRACKER, entry->address, entry->serial);
            entry->serial = entry->id != 0 ? tracker_handle(TRACKER, entry->id)->serial : 0;
            if (entry->cause == CAUSE_TAKEN && entry->id != 0 && call.dying_count < DYING_MAX)
                call.dying[call.dying_count++] = (struct dying){.id = entry->id, .serial = entry->serial, .verb = VERB_takes, .cause = CAUSE_TAKEN};
        }
        uintptr_t changed = gift->giving->changes ? gift->arguments[gift->giving->taker] : 0;
        if (changed != 0)
            young_show(changed);
        handle_id id = changed != 0 ? handle_find_birth(TRACKER, changed, gift->taker_serial) : 0;
        if (id != 0 && call.dying_count < DYING_MAX)
            call.dying[call.dying_count++] =
                (struct dying){.id = id, .serial = tracker_handle(TRACKER, id)->serial, .verb = VERB_invalidates, .cause = CAUSE_INVALIDATED};
        tracker_unlock(TRACKER);
    }
    if (left)
        dying_end(&call);
    else
        call_gave(&call, gift->arguments, result, born);
}

void young_gave(struct young_gift *gift, uintptr_t result)
{
    const struct young_giving *giving = gift->giving;
    struct young_set *set = gift->set;
    gift->set = NULL;
    if (set == NULL)
        return;
    /* Before the watch ends, because as long as it is armed nobody else uses the set's. */
    bool born = giving->birth != NULL && result != 0 && set->watch.hit_count == 0 && young_born(gift->view, giving->birth, gift->caller, result, 0, 0, 0);
    fence_light_disarm(&set->watch); /* what Holdfast itself does from here on is no evidence */
    if (enter_again(set) == NULL)
        return;
    uintptr_t address = giving->taker >= 0 ? gift->arguments[giving->taker] : result;
    uint16_t taker = address != 0 ? lookup(set, address) : 0;
    bool usual = taker != 0 && set->entries[taker].state == STATE_LIVE && (giving->taker >= 0 ? set->entries[taker].serial == gift->taker_serial : born) &&
                 (set->watch.hit_count == 0 || only_replaced(set));
    for (unsigned i = 0; i < gift->count && usual; i++)
        usual = is_still(set, gift->given[i].index, gift->given[i].serial) && set->entries[gift->given[i].index].above == 0;
    if (unlikely(!usual)) {
        const struct fence_watch watch = set->watch;
        leave(set);
        gave_otherwise(gift, &watch, result, born, false);
        return;
    }
    uintptr_t lifted[LIFTED_MAX];
    unsigned lifted_count = 0;
    for (uint32_t i = 0; i < set->watch.hit_count; i++) {
        while (set->dead_end - set->dead_begin >= DEAD_MAX && lifted_count < LIFTED_MAX)
            lifted[lifted_count++] = lift_oldest(set);
        replaced(set, gift, &set->watch.hits[i], &set->entries[taker]);
    }
    while (too_much_is_fenced(set) && lifted_count < LIFTED_MAX)
        lifted[lifted_count++] = lift_oldest(set);
    for (unsigned i = 0; i < gift->count; i++)
        attach(set, gift, i, taker);
    leave(set);
    for (unsigned i = 0; i < lifted_count; i++)
        fence_free_block(lifted[i]);
}

void young_gift_left_slowly(struct young_gift *gift)
{
    struct young_set *set = gift->set;
    gift->set = NULL;
    fence_light_disarm(&set->watch);
    const struct fence_watch watch = set->watch;
    if (watch.hit_count != 0)
        gave_otherwise(gift, &watch, 0, false, true);
}

/* ---- when others look ---------------------------------------------------------------------------------------------------------- */

bool young_lender(uintptr_t address, uintptr_t *lender, uint8_t *kind)
{
    struct young_set *set = mine != NULL ? enter() : NULL;
    if (set == NULL)
        return false;
    uint16_t index = lookup(set, address);
    const struct young *entry = &set->entries[index];
    bool lent = index != 0 && entry->state == STATE_LIVE && entry->above == 0 && entry->birth->borrowed && has_outside(entry);
    if (lent) {
        *lender = entry->parent[0];
        *kind = entry->parent_kind[0];
    }
    leave(set);
    return lent;
}

void young_settle(void)
{
    struct young_set *set = mine;
    if (set == NULL || atomic_load_explicit(&set->live, memory_order_relaxed) == 0 || !tracker_lock(TRACKER))
        return;
    if (enter() != NULL) {
        grow_all(set);
        leave(set);
    }
    tracker_unlock(TRACKER);
    count_growth();
}

bool young_is_bare(uintptr_t address)
{
    struct young_set *set = mine;
    if (set == NULL || may_have_hanging(address) || enter() == NULL)
        return false;
    uint16_t index = lookup(set, address);
    bool bare = index != 0 && set->entries[index].state == STATE_LIVE && set->entries[index].first_child == 0;
    leave(set);
    return bare;
}

/* [tracker unlocked] */
static void settle_others(void)
{
    for (unsigned i = 0; i < SETS; i++) {
        struct young_set *set = atomic_load_explicit(&sets[i], memory_order_relaxed);
        if (set == NULL)
            break;
        if (set == mine || atomic_load_explicit(&set->live, memory_order_relaxed) == 0 || !tracker_lock(TRACKER))
            continue;
        if (enter_other(set)) {
            bool any = set->first_root != 0;
            grow_all(set);
            leave_other(set, any);
        }
        tracker_unlock(TRACKER);
    }
    count_growth();
}

/* Does anything young depend on anything outside its set? Read without any lock: what another thread makes at this very moment may be missed, as if it came after. */
static bool any_outside(void)
{
    for (unsigned i = 0; i < SETS; i++) {
        const struct young_set *set = atomic_load_explicit(&sets[i], memory_order_acquire);
        if (set == NULL)
            return false;
        if (atomic_load_explicit(&set->outside, memory_order_relaxed) != 0)
            return true;
    }
    return true;
}

static bool look_for_one(struct tracker *tracker, handle_id id, void *context)
{
    look_for(context, tracker_handle(tracker, id)->address);
    return true;
}

/* [tracker locked] */
static bool settle_hanging(struct young_set *set, struct hanging *wanted)
{
    bool any = false;
    if (set == mine && enter() != NULL) {
        any = grow_hanging(set, wanted);
        leave(set);
    } else if (set != mine && enter_other(set)) {
        any = grow_hanging(set, wanted);
        leave_other(set, any);
    }
    return any;
}

static bool any_seems_to_hang(const struct hanging *wanted)
{
    for (unsigned i = 0; i < SETS; i++) {
        const struct young_set *set = atomic_load_explicit(&sets[i], memory_order_acquire);
        if (set == NULL)
            return false;
        if (seems_to_hang(set, wanted))
            return true;
    }
    return false;
}

void young_settle_dependants(uintptr_t address)
{
    if (address == 0 || !any_outside())
        return;
    struct hanging wanted = {.count = 0};
    look_for(&wanted, address);
    struct young_set *own = mine != NULL ? enter() : NULL;
    if (own != NULL) {
        uint16_t index = lookup(own, address);
        if (index != 0)
            look_below_for(&wanted, own, index);
        leave(own);
    }
    if (!lock_alone_near(&address, 1))
        return;
    handle_id id = handle_find(TRACKER, address, NULL, NULL);
    if (id != 0)
        tree_walk(TRACKER, id, true, look_for_one, &wanted);
    tracker_unlock(TRACKER);
    if (mine != NULL && seems_to_hang(mine, &wanted))
        settle_own_hanging(mine, &wanted);
    if (!any_seems_to_hang(&wanted) || !tracker_lock(TRACKER)) {
        count_growth();
        return;
    }
    for (bool again = true; again;) { /* on what is found there may hang more, also of sets that were looked at before */
        again = false;
        for (unsigned i = 0; i < SETS; i++) {
            struct young_set *set = atomic_load_explicit(&sets[i], memory_order_relaxed);
            if (set == NULL)
                break;
            if (seems_to_hang(set, &wanted))
                again = settle_hanging(set, &wanted) || again;
        }
    }
    tracker_unlock(TRACKER);
    count_growth();
}

/* [tracker locked] */
static void grow_held(struct young_set *set)
{
    for (uint16_t index = set->first_root; set->held != 0 && index != 0;) {
        bool held = set->entries[index].state == STATE_HELD;
        uint16_t next = set->entries[index].after;
        if (held)
            grow_tree(set, index, 0);
        index = held ? set->first_root : next; /* it may have taken along what it depends on */
    }
}

void young_settle_held(void)
{
    for (unsigned i = 0; i < SETS; i++) {
        struct young_set *set = atomic_load_explicit(&sets[i], memory_order_relaxed);
        if (set == NULL)
            break;
        if (__atomic_load_n(&set->held, __ATOMIC_RELAXED) == 0 || !tracker_lock(TRACKER))
            continue;
        if (set == mine && enter() != NULL) {
            grow_held(set);
            leave(set);
        } else if (set != mine && enter_other(set)) {
            bool any = set->held != 0;
            grow_held(set);
            leave_other(set, any);
        }
        tracker_unlock(TRACKER);
    }
}

void young_settle_everything(void)
{
    young_settle();
    settle_others();
}

bool young_lock_near(const uintptr_t *addresses, unsigned count)
{
    struct near_list list = {.count = 0};
    bool own = false;
    showable_count = 0;
    if (evidence_wanted()) /* its tables are everybody's */
        return tracker_lock(TRACKER);
    for (unsigned i = 0; i < count; i++) {
        if (addresses[i] == 0)
            continue;
        if (!alone() && others_seem_to_have(mine, addresses[i]))
            return tracker_lock(TRACKER);
        own = own || (mine != NULL && seems_to_have(mine, addresses[i]));
    }
    if (!own)
        return tracker_lock_near(TRACKER, addresses, count);
    if (count > SHOWABLE_MAX || !collect_shown(&list, addresses, count) || !tracker_lock_near(TRACKER, list.addresses, list.count))
        return tracker_lock(TRACKER); /* or this thread is inside, as it says again */
    for (unsigned i = 0; i < count; i++)
        showable[showable_count++] = addresses[i];
    return true;
}

/* [tracker locked] In a section for some handles only these may grow up. */
static bool may_show(uintptr_t address)
{
    for (unsigned i = 0; i < showable_count; i++)
        if (showable[i] == address)
            return true;
    return tracker_has_all();
}

void young_show(uintptr_t address)
{
    if (!may_show(address))
        return; /* it was not young when its shard was locked */
    struct young_set *own = mine;
    if (own != NULL && own != &no_set && own->heads[head_of(own, address)] != 0 && enter() != NULL) {
        uint16_t index = lookup(own, address);
        if (index != 0)
            grow_entry(own, index);
        leave(own);
        if (index != 0)
            return;
    }
    if (alone() || !tracker_has_all() || handle_find(TRACKER, address, NULL, NULL) != 0)
        return;
    for (unsigned i = 0; i < SETS; i++) {
        struct young_set *set = atomic_load_explicit(&sets[i], memory_order_relaxed);
        if (set == NULL)
            break;
        if (set == own || !seems_to_have(set, address) || !enter_other(set))
            continue;
        uint16_t index = lookup(set, address);
        if (index != 0)
            grow_entry(set, index);
        leave_other(set, index != 0);
    }
}

/* ---- holders ----------------------------------------------------------------------------------------------------------------- */

bool young_holder_add(uintptr_t address, stack_id stack, uint32_t *birth)
{
    struct young_set *set = mine != NULL ? enter() : NULL;
    if (set == NULL)
        return false;
    uint16_t index = lookup(set, address);
    struct young *entry = &set->entries[index];
    bool known = index != 0 && entry->state == STATE_LIVE && entry->holders < UINT16_MAX;
    if (known) {
        entry->holders++;
        entry->flags |= YOUNG_EXACT;
        entry->loan_stack = stack;
        set->counts[COUNT_PROXIES]++;
        *birth = entry->serial;
    }
    leave(set);
    return known;
}

bool young_holder_drop(uintptr_t address, uint32_t birth, struct young_due *due)
{
    due->set = NULL;
    struct young_set *set = mine != NULL ? enter() : NULL;
    if (set == NULL)
        return false;
    uint16_t index = lookup(set, address);
    struct young *entry = &set->entries[index];
    /* One that died before its proxy stays what it is, a dead one in this set. */
    bool known = index != 0 && (entry->state == STATE_LIVE || entry->state == STATE_DEAD) && entry->serial == birth && entry->holders > 0;
    if (known && --entry->holders == 0 && entry->state == STATE_LIVE && entry->above != 0) {
        uint16_t root = entry->above;
        while (set->entries[root].above != 0)
            root = set->entries[root].above;
        const struct young *parent = &set->entries[root];
        unsigned count = 1;
        bool holders = false, traceless = false;
        if (parent->state == STATE_HELD && (parent->flags & YOUNG_GRACE) == 0 && look_below(set, parent, &count, &holders, &traceless) && !holders)
            *due = (struct young_due){.set = set, .address = parent->address, .serial = parent->serial, .index = root};
    }
    leave(set);
    return known;
}

unsigned young_held(void)
{
    unsigned count = 0;
    for (unsigned i = 0; i < SETS; i++) {
        const struct young_set *set = atomic_load_explicit(&sets[i], memory_order_relaxed);
        if (set != NULL)
            count += __atomic_load_n(&set->held, __ATOMIC_RELAXED);
    }
    return count;
}

uint64_t young_memory(void)
{
    uint64_t bytes = 0;
    for (unsigned i = 0; i < SETS; i++) {
        struct young_set *set = atomic_load_explicit(&sets[i], memory_order_relaxed);
        if (set != NULL && set->live_bound == LIVE_MAX) /* others are part of the arena */
            bytes += memory_resident(set, sizeof *set);
    }
    return bytes;
}

void young_publish(void)
{
    if (!tracker_lock(TRACKER))
        return;
    for (unsigned i = 0; i < SETS; i++) {
        struct young_set *set = atomic_load_explicit(&sets[i], memory_order_relaxed);
        if (set == NULL)
            break;
        for (unsigned j = 0; j < YOUNG_COUNTERS; j++) {
            uint64_t count = __atomic_load_n(&set->counts[j], __ATOMIC_RELAXED);
            __atomic_fetch_add(&tracker_header(TRACKER)->counters[counted[j]], count - set->published[j], __ATOMIC_RELAXED);
            set->published[j] = count;
        }
    }
    tracker_unlock(TRACKER);
}

/* ---- in a crashed process ---------------------------------------------------------------------------------------------- */

static void put_words(char *words, size_t bytes, const struct young *entry)
{
    const struct young_birth *birth = entry->birth;
    const char *kind = kind_table[birth->kind < KIND_COUNT ? birth->kind : 0].words;
    size_t used = strlen(words);
    if (birth->numbered)
        snprintf(words + used, bytes - used, "%s %d", kind, entry->number);
    else if (birth->label != NULL)
        snprintf(words + used, bytes - used, "%s '%s'", kind, birth->label);
    else
        snprintf(words + used, bytes - used, "%s", kind);
}

static void put_description(char *words, size_t bytes, const struct young_set *set, const struct young *entry)
{
    words[0] = '\0';
    for (unsigned depth = 0; depth < 4; depth++) {
        put_words(words, bytes, entry);
        const uintptr_t parent = has_outside(entry) ? entry->parent[0] : 0;
        const uint16_t above = entry->above < ENTRIES(set->live_bound) ? entry->above : 0;
        const uint16_t beside = above == 0 && parent != 0 ? lookup(set, parent) : 0;
        if (above == 0 && parent == 0)
            return;
        size_t used = strlen(words);
        if (used + 8 >= bytes)
            return;
        handle_id id = above == 0 && beside == 0 ? handle_find(TRACKER, parent, NULL, NULL) : 0;
        if (above == 0 && beside == 0 && id == 0)
            return;
        snprintf(words + used, bytes - used, " of ");
        if (id != 0) {
            used = strlen(words);
            describe_handle(id, words + used, bytes - used);
            return;
        }
        entry = &set->entries[above != 0 ? above : beside];
    }
}

bool young_tell(uintptr_t address, uintptr_t reach, struct violation *violation, enum handle_state *state)
{
    const struct young_set *of = NULL;
    const struct young *found = NULL;
    uintptr_t nearest = UINTPTR_MAX;
    for (unsigned i = 0; i < SETS; i++) {
        const struct young_set *set = atomic_load(&sets[i]);
        for (unsigned entry = 1; set != NULL && entry < set->unused && entry < ENTRIES(set->live_bound); entry++) {
            const struct young *one = &set->entries[entry];
            if (one->address == 0 || one->state == STATE_FREE || one->birth == NULL)
                continue;
            uintptr_t distance = one->address > address ? one->address - address : address - one->address;
            bool better = distance < nearest || (distance == nearest && found != NULL && found->state == STATE_DEAD);
            if (distance > reach || !better)
                continue;
            nearest = distance;
            found = one;
            of = set;
        }
    }
    if (found == NULL)
        return false;
    violation->address = found->address;
    violation->kind = found->birth->kind;
    violation->provider = found->provider;
    violation->has_birth = found->stack != 0;
    violation->birth_function = found->birth->function;
    violation->obtained = found->loan_stack != 0 ? found->loan_stack : found->stack;
    violation->has_death = found->death_stack != 0;
    violation->freed = found->death_stack;
    violation->death_function = found->death_function;
    *state = found->state == STATE_DEAD || found->state == STATE_DYING ? HANDLE_BURIED : found->state == STATE_HELD ? HANDLE_HELD : HANDLE_LIVE;
    put_description(violation->handle, sizeof violation->handle, of, found);
    return true;
}

void young_each(void (*visit)(uintptr_t address, const struct young_birth *birth, stack_id stack, bool held, bool given, void *context), void *context)
{
    for (unsigned i = 0; i < SETS; i++) {
        const struct young_set *set = atomic_load(&sets[i]);
        for (unsigned entry = 1; set != NULL && entry < set->unused && entry < ENTRIES(set->live_bound); entry++) {
            const struct young *one = &set->entries[entry];
            const struct young_birth *birth = __atomic_load_n(&one->birth, __ATOMIC_RELAXED);
            if (birth != NULL && one->address != 0 && (one->state == STATE_LIVE || one->state == STATE_HELD))
                visit(one->address, birth, one->stack, one->state == STATE_HELD, !birth->borrowed && one->above != 0, context);
        }
    }
}

/* ---- fork -------------------------------------------------------------------------------------------------------------------- */

/* [tracker locked] */
static void grow_all_dead(struct young_set *set)
{
    for (; set->dead_begin != set->dead_end; set->dead_begin++)
        if (set->deaths[set->dead_begin % DEAD_MAX] != 0)
            grow_dead(set, set->deaths[set->dead_begin % DEAD_MAX]);
}

/* The child has the sets of other threads no more. What those freed it may use as wrongly as what was freed here. */
void young_before_fork(void)
{
    young_settle_everything();
    for (unsigned i = 0; i < SETS; i++) {
        struct young_set *set = atomic_load_explicit(&sets[i], memory_order_relaxed);
        if (set == NULL || !tracker_lock(TRACKER))
            break;
        if (set != mine && enter_other(set)) {
            bool any = set->dead_begin != set->dead_end;
            grow_all_dead(set);
            leave_other(set, any);
        }
        tracker_unlock(TRACKER);
    }
}

/* The sets of threads that are not there any more may have been in the midst of a change: what they had is as if it had been made unseen. */
void young_after_fork_child(void)
{
    if (TRACKER->base == NULL) {
        mine = &no_set; /* where sets in a record lie is the parent's memory */
        return;
    }
    for (unsigned i = 0; i < SETS; i++) {
        struct young_set *set = atomic_load_explicit(&sets[i], memory_order_relaxed);
        if (set == NULL)
            break;
        /* Its stacks are of an arena that is not there any more, and its addresses are out of the filter. What it kept back stays so: nobody asks the
         * allocator here. */
        if (set != mine || (TRACKER->fork_lost && !atomic_load(&set->busy)))
            reset(set);
        if (set == mine) {
            atomic_store(&set->thread, tracker_thread());
            atomic_store(&set->wanted, false);
        }
    }
}
