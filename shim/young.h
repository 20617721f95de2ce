/* Young handles: what a thread makes and frees again a moment later, without a lock and without touching what threads share.
 *
 * Each thread has a set of its own. A handle that is born there stays there until it dies, and then as a dead one until its fence is lifted, unless
 * somebody has to look at it: then it *grows up*, that is, it moves into the tracker with all that is known of it, and nobody can tell that it
 * was not there from the beginning. It grows up when
 *   - something that it may depend on is freed or changed (call_before() of effects.c: young_settle_dependants()),
 *   - its address is looked up and it is not in the tracker (find_handle(), find_any(): young_show()), by whatever thread,
 *   - its set is full of living ones,
 *   - the process forks or ends.
 * What a young handle lends, and what is given to it, lives below it in its set and dies with it. What depends on a handle that is not in the set, or was lent by one,
 * hangs on it: the set counts what hangs on which address, so that the end of a handle lets grow up what hangs on it, and nothing else.
 * So the tracker is always right about what it is asked for, and a set never has to be searched by anything but an address.
 *
 * What a thread does to its own set takes no atomic operation: it writes `busy`, looks at `wanted`, and goes on. A thread that wants another one's set
 * writes `wanted`, makes all threads pass a barrier (membarrier), and waits until that set is not busy. Where the kernel has no
 * such barrier there are no sets.
 *
 * Any thread, not with a lock of Holdfast held except where it says so; from a signal handler that interrupted a set's owner everything here
 * says no, and the call goes the slow way.
 */
#ifndef HOLDFAST_SHIM_YOUNG_H
#define HOLDFAST_SHIM_YOUNG_H

#include "fence.h"
#include "provider.h"
#include "tracker.h"

#define YOUNG_PARENTS 2
#define YOUNG_DEAD_MAX 1024u /* bound of the option `young` */

/* What may be born young lies in one array, so that a record can tell what an entry's pointer means. Not const, though
 * nobody writes it: the compiler sorts constants by whether the linker has to fill them in, and some of these it has. The alignment keeps it from leaving
 * room between them. */
#define BIRTH __attribute__((section("holdfast_births"), aligned(8)))

/* What a contract says of what its function brings: generated, constant. */
struct young_birth {
    uint16_t function;
    uint8_t kind;
    bool borrowed; /* lent by its first parent; else the caller's own */
    bool numbered; /* its label is a number that the call gives */
    bool counts;   /* one of its parents is counted, or may be: with the last that depends on it that may die as well */
    bool by_owner; /* it has one parent: not what the call names, but what that belongs to or came from */
    uint8_t parent_kind[YOUNG_PARENTS], edge[YOUNG_PARENTS]; /* enum edge_type; 0: no such parent */
    const char *label;
};

#define YOUNG_GIFTS 2

/* What a contract says of a function that gives handles to another one, or changes what lives in that: generated, constant. */
struct young_giving {
    uint16_t function;
    int8_t taker; /* position of the one that takes, or is changed; POSITION_RESULT: what the call brings */
    uint8_t taker_kind;
    bool changes;         /* what was lent by the taker before may be replaced: */
    uint8_t changed_kind; /* what is of this kind, 0: all */
    uint8_t count;
    struct { struct operand at; uint8_t kind; } given[YOUNG_GIFTS];
    const struct young_birth *birth; /* of the result that takes */
};

enum young_outcome {
    YOUNG_NO,   /* nothing was done: the call has to go the slow way */
    YOUNG_GOES, /* it is recorded and watched: call the real function, then young_died() */
    YOUNG_HELD  /* its free is postponed: the real function is not called */
};

/* A death that is under way, or a gift to nobody: lives on the stack of the wrapper. */
struct young_death {
    struct young_set *set; /* NULL: nothing is under way */
    uint32_t serial;
    uint16_t index;
    bool given; /* away, not freed */
};

/* May handles of this copy be young at all? Its version is known, its frees are seen. */
static inline bool young_ready(const struct view *view)
{
    return view->provider != NULL && atomic_load_explicit(&view->provider->young, memory_order_relaxed);
}

/* A call that went by the fast path brought this. False: it has to go the slow way. */
bool young_born(const struct view *view, const struct young_birth *birth, uintptr_t caller, uintptr_t address, uintptr_t first_parent, uintptr_t second_parent,
                int32_t number) __attribute__((visibility("hidden")));
/* Lent by a young handle, or by one in the tracker. */
bool young_lent(const struct view *view, const struct young_birth *birth, uintptr_t caller, uintptr_t address, uintptr_t parent, int32_t number)
    __attribute__((visibility("hidden")));
/* This call is about to free, or to give away, this handle: when it is young and nothing speaks against it, its death is recorded and watched until
 * young_died(), or, in mode defer, postponed because Python still holds what it lent. */
enum young_outcome young_dying(struct young_death *death, const struct view *view, enum function function, uint8_t kind, uintptr_t caller, uintptr_t address, bool given)
    __attribute__((visibility("hidden")));
/* Also as the end of a scope that an exception leaves. */
void young_died_slowly(struct young_death *death) __attribute__((visibility("hidden")));
static inline void young_died(struct young_death *death)
{
    if (death->set != NULL)
        young_died_slowly(death);
}

/* A gift, or a change, that is under way: lives on the stack of the wrapper. */
struct young_gift {
    struct young_set *set; /* NULL: nothing is under way */
    const struct young_giving *giving;
    const struct view *view;
    const uintptr_t *arguments;
    uintptr_t caller;
    uint32_t taker_serial;
    uint32_t stack;
    unsigned count; /* of what is given */
    struct { uint16_t index; bool member; uint32_t serial; } given[FENCE_INLINE];
};

/* This call is about to give young handles to another young one, or to what it makes of them, or to change what lives in one. When nothing speaks against it, what may
 * die by that is watched until young_gave(), which has the given live below their taker from then on. False: nothing was done, the call has to go the slow way. */
bool young_gives(struct young_gift *gift, const struct view *view, const struct young_giving *giving, uintptr_t caller, const uintptr_t *arguments)
    __attribute__((visibility("hidden")));
void young_gave(struct young_gift *gift, uintptr_t result) __attribute__((visibility("hidden")));
/* The end of a scope that an exception leaves: nothing was given. */
void young_gift_left_slowly(struct young_gift *gift) __attribute__((cold, visibility("hidden")));
static inline void young_gift_left(struct young_gift *gift)
{
    if (gift->set != NULL)
        young_gift_left_slowly(gift);
}

/* Nobody knows anything of a handle at this address, neither the tracker nor any thread, nor of what depends on it. For programs with more handles than the arena holds:
 * false as long as none had to be left out. Any thread, with nothing locked. */
bool young_is_unknown(uintptr_t address);
/* Is it young in this thread's set, and nothing was lent by it or depends on it? Then there is nothing that a change of it could settle or
 * invalidate, and it stays where it is. */
bool young_is_bare(uintptr_t address);
/* Was it lent to this thread by something that is not young? By what: for whoever wants to know of which tree it is without making it grow up. */
bool young_lender(uintptr_t address, uintptr_t *lender, uint8_t *kind);
/* All that is alive in this thread's set grows up. Tracker unlocked. */
void young_settle(void);
/* All that may depend on the handle under this address, or on what lives in it, in whatever thread's set, grows up. Tracker unlocked. */
void young_settle_dependants(uintptr_t address);
/* Whatever waits to be freed, in whatever thread's set, grows up: it is in the common queue then. Tracker unlocked. */
void young_settle_held(void);
/* The same with all that any thread has. */
void young_settle_everything(void);
/* [tracker locked] What is known under this address grows up, if it is young. */
void young_show(uintptr_t address);
/* tracker_lock_near() for addresses that nothing young may have; else all is locked, so that what is young can grow up. */
bool young_lock_near(const uintptr_t *addresses, unsigned count);
#define lock_near(...) young_lock_near((const uintptr_t[]){__VA_ARGS__}, sizeof (const uintptr_t[]){__VA_ARGS__} / sizeof(uintptr_t))

/* A postponed free that nothing stands against any more; `set` NULL: none. */
struct young_due {
    struct young_set *set;
    uintptr_t address;
    uint32_t serial;
    uint16_t index;
};
/* The holders of a young handle. `birth` tells it from any other that had the address. */
bool young_holder_add(uintptr_t address, stack_id stack, uint32_t *birth);
bool young_holder_drop(uintptr_t address, uint32_t birth, struct young_due *due);
/* Carry it out, if it is still so. No lock of Holdfast held. */
void young_release(const struct young_due *due);

/* Add what the threads counted to the arena's counters. Tracker unlocked. */
void young_publish(void);

/* How many frees wait in the sets. Any thread, nothing need be locked. */
unsigned young_held(void);
/* Bytes of the sets that are resident. */
uint64_t young_memory(void);
/* Where a reader of the arena finds what is young. Before any thread has a set. */
void young_describe(struct arena_own *own);
/* For a crashed process: what is known of the young handle at this address, or of the nearest one that is not further than `reach` from it, read without entering
 * any set. What is told may be torn. */
struct violation;
bool young_tell(uintptr_t address, uintptr_t reach, struct violation *violation, enum handle_state *state);

/* All that is alive or held in any set (`given`: away, since it was made), read without entering it, as young_tell() does: for a signal handler. [tracker locked] */
void young_each(void (*visit)(uintptr_t address, const struct young_birth *birth, stack_id stack, bool held, bool given, void *context), void *context);

void young_before_fork(void);
void young_after_fork_child(void);

#endif
