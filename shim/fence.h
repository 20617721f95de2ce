/* Fences: while a real free runs, our free() keeps back the blocks whose addresses are tracked handles, so that nothing new
 * can take such an address and a refusal is never wrong (DESIGN section 6).
 *
 * The same observation is Holdfast's evidence of death: a handle whose block was seen freed is dead, and one whose block was not
 * (a shared dataset, a reference-counted SRS) lives on, whatever the function's name says.
 */
#ifndef HOLDFAST_SHIM_FENCE_H
#define HOLDFAST_SHIM_FENCE_H

#include "tracker.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fence_entry {
    uintptr_t address;
    handle_id id;
    uint32_t serial;
    uint8_t cause; /* enum handle_cause: what its death would mean */
    bool seen;     /* its block was freed while watched */
};

struct fence_hit {
    uintptr_t block;
    size_t bytes;
    uint32_t first, count; /* entries inside the block */
    bool kept;             /* not given to the allocator */
};

#define FENCE_INLINE 12

/* How far into its block a handle may point: objects are small, whatever they own. What is young is a plain object of a class, which may begin a little before
 * the handle. */
#define FENCE_REACH ((uintptr_t)1 << 16)
#define FENCE_REACH_YOUNG ((uintptr_t)256)

/* One watch: lives on the stack of the call that frees. Entries are sorted by address before the real call. While it is armed, a copy of
 * it in static memory is used: a callback of the program's may longjmp out of the real call, and nothing of Holdfast's runs then. */
struct fence_watch {
    struct fence_watch *outer;
    struct fence_watch *armed; /* the copy */
    uintptr_t home;            /* of the copy: where the watch lies */
    uint32_t arming;           /* of both: tells one use of the copy from another */
    uintptr_t low, high; /* lowest and highest address watched */
    uintptr_t reach;
    uintptr_t base, span; /* of an armed one: what lies further than `span` above `base` is no concern of this watch, nor of those around it */
    bool light;          /* FENCE_REACH_YOUNG for each of them */
    bool incomplete;     /* there was no memory for one more */
    uint32_t count, capacity, hit_count;
    struct fence_entry *entries;
    struct fence_hit *hits; /* as many as entries */
    void *mapping;          /* when they did not fit inline */
    size_t mapping_bytes;
    struct fence_entry inline_entries[FENCE_INLINE];
    struct fence_hit inline_hits[FENCE_INLINE];
};

/* A library is used from now on: until then free() does not look at what is freed. */
/* Holdfast is switched off, or on again: off, free() looks now and then for a request of `holdfast ctl`, because calls do not. */
void fence_pass(bool passing);
void fence_activate(void);

void fence_watch_init(struct fence_watch *watch);
/* False: no memory. */
bool fence_watch_add(struct fence_watch *watch, uintptr_t address, handle_id id, uint32_t serial, enum handle_cause cause);
void fence_watch_arm(struct fence_watch *watch);    /* sort, and watch this thread's frees */
void fence_watch_disarm(struct fence_watch *watch); /* the hits are final */
void fence_watch_release(struct fence_watch *watch);
/* A watch in static memory that is armed where it lies: `home` is an address on the stack of the call that it serves. At most FENCE_INLINE entries. */
static inline void fence_light_begin(struct fence_watch *watch)
{
    watch->count = watch->hit_count = 0;
    watch->capacity = FENCE_INLINE;
    watch->reach = FENCE_REACH_YOUNG;
    watch->light = true;
    watch->incomplete = false;
    watch->entries = watch->inline_entries;
    watch->hits = watch->inline_hits;
}
static inline void fence_light_add(struct fence_watch *watch, uintptr_t address, handle_id id)
{
    struct fence_entry *entry = &watch->inline_entries[watch->count++];
    entry->address = address;
    entry->id = id;
    entry->seen = false;
}
extern __thread struct fence_watch *fence_watching __attribute__((visibility("hidden"), tls_model("initial-exec"))); /* innermost of this thread */
/* `low`, `high` and `outer` are known. */
static inline void fence_span(struct fence_watch *watch)
{
    watch->base = watch->low - watch->reach;
    watch->span = watch->outer != NULL ? UINTPTR_MAX : watch->high - watch->base;
}
void fence_light_arm_slowly(struct fence_watch *watch);
static inline void fence_light_arm(struct fence_watch *watch, uintptr_t home)
{
    if (watch->count > 1 || fence_watching != NULL)
        fence_light_arm_slowly(watch);
    watch->low = watch->entries[0].address;
    watch->high = watch->entries[watch->count - 1].address;
    watch->home = home;
    watch->arming = UINT32_MAX;
    watch->outer = fence_watching;
    fence_span(watch);
    fence_watching = watch;
}
void fence_light_disarm_slowly(struct fence_watch *watch);
/* The same for one thing alone, in a watch for which fence_light_begin() was called once. */
static inline void fence_light_arm_one(struct fence_watch *watch, uintptr_t address, uintptr_t home)
{
    watch->count = 1;
    watch->hit_count = 0;
    watch->inline_entries[0].address = address;
    watch->inline_entries[0].id = 0;
    watch->inline_entries[0].seen = false;
    if (fence_watching != NULL)
        fence_light_arm_slowly(watch);
    watch->low = watch->high = address;
    watch->home = home;
    watch->arming = UINT32_MAX;
    watch->outer = fence_watching;
    fence_span(watch);
    fence_watching = watch;
}
static inline void fence_light_disarm(struct fence_watch *watch)
{
    if (fence_watching != watch)
        fence_light_disarm_slowly(watch);
    else
        fence_watching = watch->outer;
    watch->arming = 0;
}
bool fence_light_is_armed(const struct fence_watch *watch);
struct fence_entry *fence_watch_find(struct fence_watch *watch, handle_id id);
/* Really free a block that was kept back. */
void fence_free_block(uintptr_t block);

/* Does our free() see the free of `block` on this thread? For proving that a library's frees reach us. */
bool fence_probe_begin(struct fence_watch *probe, void *block);
bool fence_probe_end(struct fence_watch *probe);

#endif
