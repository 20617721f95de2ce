/* free(): a pass-through for all the program's frees but those made while a watch is armed on this thread.
 *
 * Any thread, any context in which free() is allowed. Nothing here may allocate with malloc, and free() itself must stay two tests and a
 * jump: every free of the process passes through it.
 */
#include "fence.h"
#include "buffers.h"
#include "context.h"
#include "control.h"
#include "effects.h"
#include "provider.h"
#include "strings.h"
#include "young.h"
#include <malloc.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

__thread struct fence_watch *fence_watching __attribute__((tls_model("initial-exec")));

/* The exported free() and realloc() jump to what is right now: the search for the real one at first; then, as long as no library was
 * used, the real one itself, so that a process without them pays one jump; then the careful one. */
static void free_first_time(void *block);
static void *realloc_first_time(void *block, size_t bytes);
static void (*_Atomic free_now)(void *) = free_first_time;
static void *(*_Atomic realloc_now)(void *, size_t) = realloc_first_time;
static void (*_Atomic real_free)(void *);
static void *(*_Atomic real_realloc)(void *, size_t);
static _Atomic bool careful;

static void free_checked(void *block);
static void *realloc_checked(void *block, size_t bytes);

/* The next free() in the search order belongs to whatever allocator the program uses; it cannot be looked up earlier than
 * the first call, because frees happen before any constructor ran. */
static bool find_real_free(void)
{
    static __thread bool resolving __attribute__((tls_model("initial-exec")));
    if (resolving)
        return false; /* the look-up itself freed something: a few bytes, once */
    resolving = true;
    void (*next)(void *) = (void (*)(void *))next_symbol("free");
    resolving = false;
    atomic_store_explicit(&real_free, next, memory_order_release);
    return next != NULL;
}

static bool find_real_realloc(void)
{
    void *(*next)(void *, size_t) = (void *(*)(void *, size_t))next_symbol("realloc");
    atomic_store_explicit(&real_realloc, next, memory_order_release);
    return next != NULL;
}

static void free_first_time(void *block)
{
    if (!find_real_free())
        return;
    if (!atomic_load(&careful))
        atomic_store(&free_now, atomic_load(&real_free));
    if (atomic_load(&careful)) /* it became so meanwhile */
        atomic_store(&free_now, free_checked);
    atomic_load(&free_now)(block);
}

static void *realloc_first_time(void *block, size_t bytes)
{
    if (!find_real_realloc())
        return NULL;
    if (!atomic_load(&careful))
        atomic_store(&realloc_now, atomic_load(&real_realloc));
    if (atomic_load(&careful))
        atomic_store(&realloc_now, realloc_checked);
    return atomic_load(&realloc_now)(block, bytes);
}

void fence_activate(void)
{
    atomic_store(&careful, true);
    if (atomic_load(&real_free) != NULL || find_real_free())
        atomic_store(&free_now, free_checked);
    if (atomic_load(&real_realloc) != NULL || find_real_realloc())
        atomic_store(&realloc_now, realloc_checked);
}

static inline bool is_kept(size_t bytes)
{
    return bytes <= holdfast_options.fence_bytes / 4 && holdfast_options.fence_max > 0;
}

static inline bool watch_takes(struct fence_watch *watch, uintptr_t block)
{
    if (block > watch->high || (block < watch->low && watch->low - block > watch->reach))
        return false;
    uint32_t low = 0, high = watch->count;
    if (watch->light) {
        /* Few and small things: look at each before the allocator is asked for the block's size. */
        while (low < high && watch->entries[low].address < block)
            low++;
        if (low < high && watch->entries[low].address - block > watch->reach)
            return false;
        high = low;
    }
    while (low < high)
    {
        uint32_t middle = low + (high - low) / 2;
        if (watch->entries[middle].address < block)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == watch->count)
        return false;
    size_t bytes = malloc_usable_size((void *)block);
    uint32_t first = low;
    while (low < watch->count && watch->entries[low].address - block < bytes)
        watch->entries[low++].seen = true;
    if (low == first || watch->hit_count == watch->capacity)
        return false;
    bool keep = is_kept(bytes);
    watch->hits[watch->hit_count++] =
        (struct fence_hit){.block = block, .bytes = bytes, .first = first, .count = low - first, .kept = keep};
    return keep;
}

static __attribute__((noinline)) bool keep_back(void *block)
{
    for (struct fence_watch *watch = fence_watching; watch != NULL; watch = watch->outer)
        if (watch_takes(watch, (uintptr_t)block))
            return true;
    return false;
}

/* Freed by nobody's contract: C++ code deleted it, or the library replaced it by itself. Nothing that is known of it is true any more. */
static __attribute__((noinline, cold)) bool died_unseen(void *block, uintptr_t caller)
{
    if (buffer_freed((uintptr_t)block, caller))
        return true;
    if (!lock_near((uintptr_t)block))
        return false;
    forget_freed((uintptr_t)block);
    tracker_unlock(&holdfast_tracker);
    return false;
}

/* A library frees much besides what is watched: with one or two small things to look for, that is told here. */
static inline bool fence_may_take(const struct fence_watch *watch, uintptr_t block)
{
    return watch->outer != NULL || !watch->light || watch->count > 2 || watch->inline_entries[0].address - block <= FENCE_REACH_YOUNG ||
           watch->inline_entries[watch->count - 1].address - block <= FENCE_REACH_YOUNG;
}

/* The usual free of one small thing: watch_takes() of a watch that has this one entry, and no other around it. */
static inline bool only_one_taken(struct fence_watch *watch, uintptr_t block)
{
    struct fence_entry *entry = &watch->inline_entries[0];
    if (entry->address - block > FENCE_REACH_YOUNG)
        return false;
    size_t bytes = malloc_usable_size((void *)block);
    if (entry->address - block >= bytes)
        return false;
    entry->seen = true;
    bool keep = is_kept(bytes);
    watch->hit_count = 1;
    watch->inline_hits[0] = (struct fence_hit){.block = block, .bytes = bytes, .first = 0, .count = 1, .kept = keep};
    return keep;
}

static inline bool watches_take(struct fence_watch *watch, void *block)
{
    if (block == NULL)
        return false;
    if (likely(watch->light && watch->count == 1 && watch->hit_count == 0 && watch->outer == NULL))
        return only_one_taken(watch, (uintptr_t)block);
    return fence_may_take(watch, (uintptr_t)block) && keep_back(block);
}

static __attribute__((noinline)) void free_carefully(void *block, uintptr_t caller)
{
    struct fence_watch *watch = fence_watching;
    if (watch != NULL && (uintptr_t)block - watch->base <= watch->span && watches_take(watch, block))
        return;
    if (block != NULL && handle_may_be_known((uintptr_t)block) && died_unseen(block, caller))
        return;
    if (block != NULL && string_may_be_lent((uintptr_t)block) && string_freed((uintptr_t)block, caller))
        return;
    atomic_load_explicit(&real_free, memory_order_relaxed)(block);
}

/* Need it not be looked at? */
static inline bool is_stranger(const void *block)
{
    return likely(__atomic_load_n(&handle_filter[handle_filter_slot((uintptr_t)block)].both, __ATOMIC_RELAXED) == 0);
}

static inline bool is_unwatched(const void *block)
{
    const struct fence_watch *watch = fence_watching;
    return likely(watch == NULL) || (uintptr_t)block - watch->base > watch->span;
}

/* free() jumped here: the return address is its caller's. */
static void free_checked(void *block)
{
    if (likely(is_unwatched(block) && is_stranger(block)))
        atomic_load_explicit(&real_free, memory_order_relaxed)(block);
    else
        free_carefully(block, (uintptr_t)__builtin_extract_return_addr(__builtin_return_address(0)));
}

#define FREES_BETWEEN_LOOKS 256u

/* While Holdfast is off every call passes by the fast path, which looks at nothing. */
static void free_passing(void *block)
{
    static _Atomic unsigned count;
    unsigned now = atomic_load_explicit(&count, memory_order_relaxed) + 1;
    atomic_store_explicit(&count, now, memory_order_relaxed);
    if (unlikely(now % FREES_BETWEEN_LOOKS == 0) && control_requested())
        provider_look_again();
    if (likely(is_unwatched(block) && is_stranger(block)))
        atomic_load_explicit(&real_free, memory_order_relaxed)(block);
    else
        free_carefully(block, (uintptr_t)__builtin_extract_return_addr(__builtin_return_address(0)));
}

void fence_pass(bool passing)
{
    if (atomic_load(&real_free) != NULL)
        atomic_store(&free_now, passing ? free_passing : free_checked);
}

__attribute__((visibility("default"))) void free(void *block)
{
    atomic_load_explicit(&free_now, memory_order_relaxed)(block);
}

/* A lent list, or a file in memory, that the library makes longer: its old block goes back without a free() of its own. */
static __attribute__((noinline)) void *realloc_carefully(void *block, size_t bytes)
{
    if (block != NULL && string_may_be_lent((uintptr_t)block))
        string_moved((uintptr_t)block);
    if (block != NULL && handle_may_be_known((uintptr_t)block))
        buffer_moved((uintptr_t)block);
    return atomic_load_explicit(&real_realloc, memory_order_relaxed)(block, bytes);
}

static void *realloc_checked(void *block, size_t bytes)
{
    return is_stranger(block) ? atomic_load_explicit(&real_realloc, memory_order_relaxed)(block, bytes) : realloc_carefully(block, bytes);
}

__attribute__((visibility("default"))) void *realloc(void *block, size_t bytes)
{
    return atomic_load_explicit(&realloc_now, memory_order_relaxed)(block, bytes);
}

void fence_free_block(uintptr_t block)
{
    if (block != 0 && string_may_be_lent(block))
        string_moved(block); /* kept back, it was no evidence for strings; from here on its address may be anybody's */
    if (block != 0)
        atomic_load_explicit(&real_free, memory_order_relaxed)((void *)block);
}

void fence_watch_init(struct fence_watch *watch)
{
    watch->outer = watch->armed = NULL;
    watch->home = 0;
    watch->low = watch->high = 0;
    watch->count = watch->hit_count = 0;
    watch->capacity = FENCE_INLINE;
    watch->entries = watch->inline_entries;
    watch->hits = watch->inline_hits;
    watch->mapping = NULL;
    watch->mapping_bytes = 0;
    watch->reach = FENCE_REACH;
    watch->light = watch->incomplete = false;
}

static bool watch_grow(struct fence_watch *watch)
{
    uint32_t capacity = watch->capacity * 8;
    size_t bytes = capacity * (sizeof(struct fence_entry) + sizeof(struct fence_hit));
    void *mapping = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapping == MAP_FAILED)
        return false;
    memcpy(mapping, watch->entries, watch->count * sizeof(struct fence_entry));
    if (watch->mapping != NULL)
        munmap(watch->mapping, watch->mapping_bytes);
    watch->mapping = mapping;
    watch->mapping_bytes = bytes;
    watch->entries = mapping;
    watch->hits = (struct fence_hit *)(void *)((uint8_t *)mapping + capacity * sizeof(struct fence_entry));
    watch->capacity = capacity;
    return true;
}

bool fence_watch_add(struct fence_watch *watch, uintptr_t address, handle_id id, uint32_t serial, enum handle_cause cause)
{
    if (watch->count == watch->capacity && !watch_grow(watch))
    {
        watch->incomplete = true;
        return false;
    }
    watch->entries[watch->count++] = (struct fence_entry){.address = address, .id = id, .serial = serial, .cause = (uint8_t)cause, .seen = false};
    return true;
}

static int by_address(const void *left, const void *right)
{
    uintptr_t a = ((const struct fence_entry *)left)->address, b = ((const struct fence_entry *)right)->address;
    return a < b ? -1 : a > b;
}

/* Insertion sort for the usual handful; heap sort beyond, because qsort() may allocate. */
static void sift_down(struct fence_entry *entries, uint32_t start, uint32_t end)
{
    for (uint32_t root = start, child; (child = 2 * root + 1) < end; root = child)
    {
        if (child + 1 < end && by_address(&entries[child], &entries[child + 1]) < 0)
            child++;
        if (by_address(&entries[root], &entries[child]) >= 0)
            return;
        struct fence_entry swap = entries[root];
        entries[root] = entries[child];
        entries[child] = swap;
    }
}

static void sort_entries(struct fence_entry *entries, uint32_t count)
{
    if (count <= FENCE_INLINE)
    {
        for (uint32_t i = 1; i < count; i++)
            for (uint32_t j = i; j > 0 && by_address(&entries[j - 1], &entries[j]) > 0; j--)
            {
                struct fence_entry swap = entries[j];
                entries[j] = entries[j - 1];
                entries[j - 1] = swap;
            }
        return;
    }
    for (uint32_t start = count / 2; start-- > 0;)
        sift_down(entries, start, count);
    for (uint32_t end = count; --end > 0;)
    {
        struct fence_entry swap = entries[end];
        entries[end] = entries[0];
        entries[0] = swap;
        sift_down(entries, 0, end);
    }
}

/* Armed watches. A thread that finds none free works without evidence. */
#define ARMED_MAX 256u
static struct fence_watch armed[ARMED_MAX];
static _Atomic bool armed_taken[ARMED_MAX];
static _Atomic uint32_t armings;

static struct fence_watch *take_armed(void)
{
    unsigned start = (unsigned)((uintptr_t)&fence_watching >> 12) % ARMED_MAX;
    for (unsigned i = 0; i < ARMED_MAX; i++)
    {
        unsigned slot = (start + i) % ARMED_MAX;
        if (!atomic_load_explicit(&armed_taken[slot], memory_order_relaxed) &&
            !atomic_exchange_explicit(&armed_taken[slot], true, memory_order_acquire))
            return &armed[slot];
    }
    return NULL;
}

/* The innermost watch of this thread is over. */
static void pop_armed(void)
{
    struct fence_watch *inner = fence_watching;
    fence_watching = inner->outer;
    inner->arming = 0;
    if (inner >= armed && inner < armed + ARMED_MAX)
        atomic_store_explicit(&armed_taken[inner - armed], false, memory_order_release);
}

/* What lies below this address of the stack was left by longjmp. What such a watch kept back stays so for good. */
static void pop_abandoned(uintptr_t stack)
{
    while (fence_watching != NULL && fence_watching->home < stack)
        pop_armed();
}

static void copy_contents(struct fence_watch *to, const struct fence_watch *from)
{
    to->reach = from->reach;
    to->light = from->light;
    to->low = from->low;
    to->high = from->high;
    to->count = from->count;
    to->capacity = from->capacity;
    to->hit_count = from->hit_count;
    if (from->entries != from->inline_entries)
    {
        to->entries = from->entries;
        to->hits = from->hits;
        return;
    }
    to->entries = to->inline_entries;
    to->hits = to->inline_hits;
    memcpy(to->entries, from->entries, from->count * sizeof *to->entries);
    memcpy(to->hits, from->hits, from->hit_count * sizeof *to->hits);
}

void fence_watch_arm(struct fence_watch *watch)
{
    pop_abandoned((uintptr_t)__builtin_frame_address(0));
    struct fence_watch *copy = watch->count == 0 ? NULL : take_armed();
    if (copy == NULL)
        return;
    sort_entries(watch->entries, watch->count);
    watch->low = watch->entries[0].address;
    watch->high = watch->entries[watch->count - 1].address;
    copy_contents(copy, watch);
    do
        watch->arming = atomic_fetch_add_explicit(&armings, 1, memory_order_relaxed);
    while (watch->arming == 0);
    copy->arming = watch->arming;
    copy->home = (uintptr_t)watch;
    copy->outer = fence_watching;
    fence_span(copy);
    watch->armed = copy;
    fence_watching = copy;
}

void fence_watch_disarm(struct fence_watch *watch)
{
    struct fence_watch *copy = watch->armed;
    watch->armed = NULL;
    for (struct fence_watch *walk = copy != NULL ? fence_watching : NULL; walk != NULL; walk = walk->outer)
        if (walk == copy && copy->arming == watch->arming)
        {
            copy_contents(watch, copy);
            while (fence_watching != copy) /* an exception thrown by the application's callback may have skipped inner watches */
                pop_armed();
            pop_armed();
            return;
        }
}

void fence_light_arm_slowly(struct fence_watch *watch)
{
    pop_abandoned((uintptr_t)__builtin_frame_address(0));
    sort_entries(watch->entries, watch->count);
}

void fence_light_disarm_slowly(struct fence_watch *watch)
{
    while (watch->arming != 0 && fence_watching != NULL && fence_watching != watch)
        pop_armed();
    if (fence_watching == watch)
        pop_armed();
}

bool fence_light_is_armed(const struct fence_watch *watch)
{
    if (watch->arming == 0)
        return false;
    pop_abandoned((uintptr_t)__builtin_frame_address(0));
    return watch->arming != 0;
}

void fence_watch_release(struct fence_watch *watch)
{
    if (watch->mapping != NULL)
        munmap(watch->mapping, watch->mapping_bytes);
    watch->mapping = NULL;
}

struct fence_entry *fence_watch_find(struct fence_watch *watch, handle_id id)
{
    for (uint32_t i = 0; i < watch->count; i++)
        if (watch->entries[i].id == id)
            return &watch->entries[i];
    return NULL;
}

bool fence_probe_begin(struct fence_watch *probe, void *block)
{
    fence_watch_init(probe);
    if (block == NULL || !fence_watch_add(probe, (uintptr_t)block, 0, 0, CAUSE_NONE))
        return false;
    fence_watch_arm(probe);
    return true;
}

bool fence_probe_end(struct fence_watch *probe)
{
    fence_watch_disarm(probe);
    bool seen = probe->entries[0].seen;
    if (probe->hit_count == 1 && probe->hits[0].kept)
        fence_free_block(probe->hits[0].block);
    return seen;
}
