/* The tracker: handles, the graph of who lives in whom, stacks, postponed frees, fences, events, counters.
 *
 * It knows nothing of GDAL, Python or preloading: kinds and functions are numbers, stacks are words. All state lies in an
 * arena (layout.h); `struct tracker` itself only says where it is mapped.
 *
 * Threads: every function marked [locked] must be called between tracker_lock(), or tracker_lock_near(), and tracker_unlock(); the others may be called
 * from any thread at any time. None allocates memory, none is to be called from a signal handler that may have interrupted
 * the tracker: tracker_lock() reports that case by returning false, and the caller must then leave the tracker alone.
 *
 * Locks, in the order in which they are taken: shards of handles by number; the queue of postponed frees and the ring of fences; a stripe of the
 * handle table; the depot. A thread that works on handles it knows by their addresses locks their shards, and its own, where births go; the relations
 * between handles never leave a shard, so all that hangs on them is locked, too. Who needs more locks all shards.
 */
#ifndef HOLDFAST_TRACKER_H
#define HOLDFAST_TRACKER_H

#include "layout.h"
#include <stdbool.h>
#include <stddef.h>

typedef uint32_t handle_id;
typedef uint32_t stack_id;
typedef uint32_t string_id;

/* On a line of the caches of its own. */
struct tracker_mutex {
    int32_t word;  /* futex: 0 free, else the thread id of the owner, | TRACKER_LOCK_WAITERS when others sleep. One word for
                    * both, so that no signal can come between the taking and the naming of the owner. */
    int32_t spins; /* how long spinning helped lately */
} __attribute__((aligned(64)));
#define TRACKER_STRIPES 64u

struct tracker {
    uint8_t *base; /* NULL: no arena, every call is a no-op */
    uint64_t bytes;
    struct tracker_mutex shards[ARENA_SHARDS];
    struct tracker_mutex queue, fences; /* of the header's words about them, and of what they link */
    struct tracker_mutex stripes[TRACKER_STRIPES]; /* of chains of the handle table: who may see a handle may not yet know its shard */
    struct tracker_mutex depot;  /* strings, stacks, modules and events: see depot.c */
    bool scatter;        /* for tests of one thread: what is born goes to another shard each time, and a look for what is not locked ends the process */
    bool uneven;         /* records of one shard were used up while others may have some: to be shared out */
    uint8_t refill_pause[ARENA_SHARDS][SECTION_COUNT]; /* [that shard locked] see arena.c */
    bool handles_dropped; /* some handle could not be recorded, ever since this process began */
    bool shared_file;    /* mapped from a named file */
    bool fork_locked;    /* tracker_before_fork() took the lock */
    bool fork_depot_locked; /* and the queue's and the fences' */
    bool fork_lost;      /* in fork's child: it began with an empty arena, or without any, so ids of before the fork mean nothing, or something else */
    void *fork_snapshot; /* of a file arena, between tracker_before_fork() and the fork's end */
    uint64_t own_bytes;  /* set before tracker_open(): how much of the arena is SECTION_OWN, for the caller's own use */
};
#define TRACKER_LOCK_WAITERS 0x40000000

/* ---- the arena (arena.c) -------------------------------------------------------------------------------------- */

#define ARENA_MINIMUM_BYTES (UINT64_C(1) << 18)

/* Make an arena of `bytes` (rounded down to a page) for writing: anonymous when `path` is NULL, else a new file, whose space is
 * reserved at once so that a full disk can never kill the program later. On failure returns false and puts one
 * sentence into `error`. The tracker must be zero, but for `own_bytes`. */
bool tracker_open(struct tracker *tracker, const char *path, uint64_t bytes, const char *program, char *error,
                  size_t error_bytes);
/* Mark the arena as properly ended and unmap it. Threads that wait for the lock are turned away; what tracker_text() and
 * tracker_record() returned is gone, so none may be in use any more. */
void tracker_close(struct tracker *tracker);
/* In the thread that forks, before it: takes the lock and keeps it, so that the child gets a whole state. A file arena is shared with
 * the child and the parent goes on changing it: what it is at this moment is set aside for the child. */
void tracker_before_fork(struct tracker *tracker);
/* In the parent, after the fork or its failure. */
void tracker_after_fork_parent(struct tracker *tracker);
/* In fork's child, before any other call: free the lock; a file arena is copied to the new file `path` (NULL or
 * failure: to anonymous memory), an anonymous one is the child's own already. The arena stays at its address. Where the state at the fork
 * is not to be had (another thread was changing it, or a file arena without tracker_before_fork()) the child begins with an empty
 * arena, and `fork_lost` is set until it forks itself. False, with one sentence in `error`: not where it was asked for, but in anonymous memory or, at the worst, nowhere. */
bool tracker_after_fork_child(struct tracker *tracker, const char *path, char *error, size_t error_bytes);

/* The kernel's number of this thread, asked once a thread and process. Any context, no lock. */
int32_t tracker_thread(void);
/* All shards. False: this very thread holds some (a signal handler interrupted it), or no arena. */
bool tracker_lock(struct tracker *tracker);
/* Only the shards of what is known under these addresses (0: nothing), and that of what this thread makes. What another thread makes known under them
 * from now on is not seen: it is as if it came a moment later. All shards when they are many. */
#define TRACKER_NEAR_MAX 48u
bool tracker_lock_near(struct tracker *tracker, const uint64_t *addresses, unsigned count);
void tracker_unlock(struct tracker *tracker); /* all that this thread holds */
bool tracker_has_all(void);                   /* does this thread hold all shards? */
/* For the crash handler, which must not wait for long: false when anybody holds any. Does this thread hold some? */
bool tracker_try_lock(struct tracker *tracker);
bool tracker_is_mine(const struct tracker *tracker);
/* [not locked] The queue of postponed frees stays as it is meanwhile: what is in it stays held, but nothing is locked of it beside. False as tracker_lock(). */
bool tracker_queue_lock(struct tracker *tracker);
void tracker_queue_unlock(struct tracker *tracker);
bool tracker_depot_is_free(const struct tracker *tracker); /* for the moment */

static inline struct arena_header *tracker_header(const struct tracker *tracker)
{
    return (struct arena_header *)tracker->base;
}
/* Memory of SECTION_OWN that nobody has yet, zero, on a boundary of ARENA_OWN_UNIT, and where it lies in the section; NULL when there is not
 * enough. [locked], or while no other thread knows of the arena. It is never given back. */
void *tracker_take_own(struct tracker *tracker, uint64_t bytes, uint32_t *offset);
/* The record with this id; NULL for id 0 or one out of bounds. */
static inline void *tracker_record(const struct tracker *tracker, enum arena_section section, uint32_t id)
{
    if (id == 0 || tracker->base == NULL)
        return NULL;
    const struct arena_section_header *header = &tracker_header(tracker)->sections[section];
    if (id >= __atomic_load_n(&header->used, __ATOMIC_ACQUIRE))
        return NULL;
    return tracker->base + header->offset + (uint64_t)id * header->record_bytes;
}
static inline struct handle_record *tracker_handle(const struct tracker *tracker, handle_id id)
{
    return (struct handle_record *)tracker_record(tracker, SECTION_HANDLES, id);
}
/* [locked] What is known of this handle's postponed free; NULL unless it is held. */
static inline struct hold_record *tracker_hold(const struct tracker *tracker, handle_id id)
{
    const struct handle_record *handle = tracker_handle(tracker, id);
    return handle != NULL && handle->state == HANDLE_HELD ? (struct hold_record *)tracker_record(tracker, SECTION_HOLDS, handle->hold) : NULL;
}
static inline struct edge_record *tracker_edge(const struct tracker *tracker, uint32_t id)
{
    return (struct edge_record *)tracker_record(tracker, SECTION_EDGES, id);
}
/* [locked] Take and give back a record; 0 when the section is full (the loss is counted in the matching dropped_ counter). A taken
 * record is zero, but for a handle's serial, which is higher than all before. Only handles, holds and edges can be given back. */
uint32_t tracker_take_record(struct tracker *tracker, enum arena_section section);
void tracker_give_record(struct tracker *tracker, enum arena_section section, uint32_t id);

/* Any thread, no lock. The tracker itself counts only what it drops; all other counters are the caller's to raise. */
void tracker_count(struct tracker *tracker, enum arena_counter counter);
void tracker_uncount(struct tracker *tracker, enum arena_counter counter); /* what was counted turned out not to be so */

/* ---- strings, stacks, modules (depot.c): each returns 0 when it is full; equal input gives the equal id ----------
 * Any thread, with the lock held or not; what is known already is found without any. From a signal handler that interrupted one of these, what is new gets 0. */

/* What is longer is cut (not inside a UTF-8 character); a NUL ends a text early. The empty text is 0. */
#define TRACKER_STRING_MAXIMUM 8191u
string_id tracker_string(struct tracker *tracker, const char *text, size_t length);
const char *tracker_text(const struct tracker *tracker, string_id id);              /* "" for 0 or out of bounds */
uint32_t tracker_python_frame(struct tracker *tracker, const char *file, size_t file_length, const char *function,
                              size_t function_length, uint32_t line);
stack_id tracker_stack(struct tracker *tracker, const uint64_t *native, unsigned native_count, const uint32_t *python,
                       unsigned python_count, uint32_t flags);
uint32_t tracker_module(struct tracker *tracker, const char *path, uint64_t base, uint64_t end, const uint8_t *build_id,
                        unsigned build_id_bytes);

/* ---- events (depot.c) ------------------------------------------------------------------------------------------ */

void tracker_event(struct tracker *tracker, const struct event_record *event); /* fills in time and thread */

/* ---- handles and their graph (graph.c), all [locked] ------------------------------------------------------------ */

/* The handle known under this address whose kind is accepted by `same`, NULL `same`: any. Youngest first. */
typedef bool (*kind_test)(uint16_t kind, void *context);
handle_id handle_find(const struct tracker *tracker, uint64_t address, kind_test same, void *context);
/* The one known under this address with this number of its birth; 0: none. */
handle_id handle_find_birth(const struct tracker *tracker, uint64_t address, uint32_t birth);
/* Any thread, with nothing locked: is any handle known under this address, alive or dead? True when it cannot be looked up here, inside the tracker. */
bool handle_is_known(struct tracker *tracker, uint64_t address);
/* How many handles lie under the addresses of each slot, saturating: a quick "no handle is known under this address" for every free of the
 * process. Fenced ones do not count: their blocks cannot be freed again, nor their addresses born again. Neighbours in memory are
 * neighbours here, so what a program frees next to each other needs one line of the caches, and up to 64 MiB of heap no two share a slot. The heaps
 * of threads begin at multiples of 64 MiB and are alike: eight in a row have their first 8 MiB apart. Of
 * the tracker that was opened last in this process. Whoever keeps handles in front of the tracker (the shim's young sets) counts them here himself. */
#define HANDLE_FILTER_SLOTS (UINT32_C(1) << 22)
union handle_filter_slot {
    struct {
        uint8_t handles;
        uint8_t others; /* not the tracker's: whatever else of the caller's must be looked at when its block is freed */
    };
    uint16_t both; /* one look for every free of the process */
};
extern union handle_filter_slot handle_filter[HANDLE_FILTER_SLOTS] __attribute__((visibility("hidden")));
static inline unsigned handle_filter_slot(uint64_t address)
{
    return (unsigned)(address >> 4 ^ address >> 7) & (HANDLE_FILTER_SLOTS - 1);
}
/* Any thread, no lock: false when no handle is known under this address; a true may be a collision. */
static inline bool handle_may_be_known(uint64_t address)
{
    return __atomic_load_n(&handle_filter[handle_filter_slot(address)].handles, __ATOMIC_RELAXED) != 0;
}
void handle_filter_clear(void); /* the tracker is new */
/* Any thread, no lock. */
void handle_filter_add(uint64_t address);
void handle_filter_remove(uint64_t address);
/* A handle's memory is kept back from now on, or given away. */
void handle_fence(struct handle_record *handle);
void handle_unfence(struct handle_record *handle);
/* A new live record, at the head of its bucket, with the calling thread as birth_thread; 0 when full. */
handle_id handle_add(struct tracker *tracker, uint64_t address, uint16_t kind, uint8_t provider);
/* Nothing is known of the handle any more: its edges go, its record is free. It must not be held or fenced (a held one leaves the
 * queue, a fenced one stays until its fence is lifted). */
void handle_forget(struct tracker *tracker, handle_id id);
/* The same for it and all that was borrowed from it: it died unseen, so nothing is certain about its children. */
void handle_forget_tree(struct tracker *tracker, handle_id id);

/* Add the edge unless it exists (then it takes the new type); returns its id or 0. An edge that would close a circle is refused. */
uint32_t edge_add(struct tracker *tracker, handle_id parent, handle_id child, enum edge_type type);
void edge_remove(struct tracker *tracker, uint32_t edge);
void edges_remove_to_parents(struct tracker *tracker, handle_id child);
uint32_t edge_find(const struct tracker *tracker, handle_id parent, handle_id child);

/* Walk `root` and everything borrowed from it, directly or not, parents before children; with `dependants` also what depends on it.
 * Stops when `visit` returns false. Returns false when stopped or when the tree is deeper than the walk can follow. A handle with
 * several parents is visited once for each way to it. Buried ones below which nothing lives are left out (see graph.c), but for `root`; others are visited.
 * `visit` may change records, but must neither forget, bury or revive handles nor remove edges. */
typedef bool (*tree_visitor)(struct tracker *tracker, handle_id id, void *context);
bool tree_walk(struct tracker *tracker, handle_id root, bool dependants, tree_visitor visit, void *context);
/* The same by every sort of edge, without `root`: also what outliving it is only advised against. */
bool tree_walk_all(struct tracker *tracker, handle_id root, tree_visitor visit, void *context);

/* ---- lifetimes (lifetime.c), all [locked] ------------------------------------------------------------------------- */

enum children { CHILDREN_NONE, CHILDREN_GRACE, CHILDREN_HOLDERS, CHILDREN_DEPENDANTS };
enum borrowed_policy { BORROWED_GRACE, BORROWED_LIVE, BORROWED_DEAD };

/* Does anything below `id` still live (DESIGN section 6)? The strongest answer found; `*example` is the child that gave it. Holders of
 * `id` itself (another proxy of the same handle) count as CHILDREN_HOLDERS, with `*example` = id. A borrowed child
 * of which the caller took references survives its parent and does not count. A handle that is itself held does not count, but what
 * lives below it does. Walks the whole tree unless it finds a dependant. */
enum children children_alive(struct tracker *tracker, handle_id id, enum borrowed_policy borrowed, handle_id *example);

/* live -> held, at the tail of the queue; everything below becomes HANDLE_STALE. NULL: it is not live, or the arena has no room for one more;
 * nothing changed. */
struct hold_record *handle_hold(struct tracker *tracker, handle_id id, uint64_t now_ms);
/* held -> live again, out of the queue (the caller frees it now, or mode reject keeps it). Staleness below is lifted. */
void handle_unhold(struct tracker *tracker, handle_id id);
/* Mark, or unmark, all that is borrowed from `id` or depends on it as stale. What has another reason to be stale stays so. */
void handle_mark_stale(struct tracker *tracker, handle_id id, bool stale);
/* A counted handle got another parent, or was lent by one again: it is not stale any more when that one is sound. */
void handle_lent_again(struct tracker *tracker, handle_id id);
/* live or held -> buried, with all that is borrowed from it and not dead yet (cause CAUSE_PARENT for those). Two sorts survive it:
 * borrowed children that are HANDLE_COUNTED or have references lose their edge and stay (the caller sees whether they died), and what
 * depends on a buried handle stays with its edge and becomes HANDLE_STALE, with all below it. `function` or `stack` 0: what
 * the record has (from the postponed free) stays. */
void handle_bury(struct tracker *tracker, handle_id id, enum handle_cause cause, uint16_t function, stack_id stack);

/* The handle itself, and no other, is buried: one that becomes known when it is dead already. Its record tells how it died. */
void handle_died(struct tracker *tracker, handle_id id);
/* buried -> live: it was said to be dead, and is not. It must not be fenced. */
void handle_revive(struct tracker *tracker, handle_id id);

/* A reference of the caller's more, or less (there is one). What has more than are counted keeps them for good: it is never said to be over-released. */
static inline void handle_reference_add(struct handle_record *handle)
{
    if (handle->references != UINT16_MAX)
        handle->references++;
}
static inline void handle_reference_drop(struct handle_record *handle)
{
    if (handle->references != 0 && handle->references != UINT16_MAX)
        handle->references--;
}

/* One proxy more or less for the live or held handle `id`. `handle_holder_drop` returns the nearest ancestor (or itself) whose
 * postponed free may now be due: the caller asks children_alive() for it again. 0: nothing to do. */
void handle_holder_add(struct tracker *tracker, handle_id id, stack_id stack);
handle_id handle_holder_drop(struct tracker *tracker, handle_id id);
/* The nearest held (or refused and stale) ancestor of `id` by any sort of edge, itself included; 0 if none. */
handle_id handle_waiting_ancestor(struct tracker *tracker, handle_id id);

/* ---- fences (lifetime.c), all [locked] ------------------------------------------------------------------------------ */

/* Keep `block` back for `first`, a chain by fence_next of buried handles inside it, which become HANDLE_FENCED. False when the
 * ring is full. */
bool fence_push(struct tracker *tracker, uint64_t block, uint64_t bytes, handle_id first);
/* Lift the oldest fence: its handles are forgotten; returns the block to free for real, 0 when there is none. [all locked] */
uint64_t fence_pop(struct tracker *tracker);
/* Are there more fences, or do they keep back more bytes? Any thread, no lock. */
bool fences_beyond(const struct tracker *tracker, uint64_t count, uint64_t bytes);
/* [not locked] The same as fence_pop(), as long as there are more. Locks what it forgets. */
uint64_t fence_lift_oldest(struct tracker *tracker, uint64_t count, uint64_t bytes);

#endif
