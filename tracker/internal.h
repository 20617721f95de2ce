/* What the tracker's own files share and nobody else includes.
 *
 * Everything here is called with the lock held, except where it says otherwise, and, like the whole writer, never allocates memory
 * and never touches stdio: it runs inside somebody else's process, perhaps inside its allocator.
 */
#ifndef HOLDFAST_TRACKER_INTERNAL_H
#define HOLDFAST_TRACKER_INTERNAL_H

#include "tracker.h"
#include <string.h>

static inline struct arena_section_header *section_header(const struct tracker *tracker, enum arena_section section)
{
    return &tracker_header(tracker)->sections[section];
}
/* The first byte of a section: for strings, words, rings and buckets, whose elements are not records with an id. */
static inline void *section_data(const struct tracker *tracker, enum arena_section section)
{
    return tracker->base + section_header(tracker, section)->offset;
}
/* The bucket of a hash: bucket arrays are powers of two and use their slot 0 as well. */
static inline uint32_t *section_bucket(const struct tracker *tracker, enum arena_section section, uint32_t hash)
{
    return (uint32_t *)section_data(tracker, section) + (hash & (section_header(tracker, section)->capacity - 1));
}

/* FNV-1a of more bytes; of the first ones after FNV_BEGIN. */
#define FNV_BEGIN UINT64_C(0xcbf29ce484222325)
static inline uint64_t fnv_1a(uint64_t sum, const void *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        sum = (sum ^ ((const uint8_t *)bytes)[i]) * UINT64_C(0x100000001b3);
    return sum;
}

/* Over what never changes in a table of sections. Writer and reader must agree on it. */
static inline uint64_t arena_layout_sum(const struct arena_section_header sections[SECTION_COUNT])
{
    uint64_t sum = FNV_BEGIN;
    for (int section = 0; section < SECTION_COUNT; section++) {
        const uint64_t constant[] = {sections[section].offset, sections[section].record_bytes, sections[section].capacity};
        sum = fnv_1a(sum, constant, sizeof constant);
    }
    return sum;
}

/* ---- arena.c ---------------------------------------------------------------------------------------------------- */

/* Bits of the shards that this thread holds; HELD_BEGUN alone while it takes them, so that a signal handler leaves the tracker alone. */
#define HELD_BEGUN (UINT32_C(1) << 31)
#define HELD_ALL ((UINT32_C(1) << ARENA_SHARDS) - 1)
extern _Thread_local uint32_t tracker_held __attribute__((tls_model("initial-exec"), visibility("hidden")));
/* Who holds none at all is alone with the tracker (a test). */
static inline bool holds_shard(uint8_t shard)
{
    return tracker_held == 0 || (tracker_held >> shard & 1) != 0;
}
/* The shard where this thread's births go: its own, which is always among those it holds. */
uint8_t tracker_home(void);
static inline uint8_t shard_of(const struct handle_record *handle)
{
    return __atomic_load_n(&handle->shard, __ATOMIC_RELAXED);
}

/* Into the tracker without any shard, and out: a signal handler leaves it alone meanwhile. False: this thread is inside, or there is no arena. */
bool tracker_begin(struct tracker *tracker);
void tracker_end(void);
void mutex_lock(struct tracker_mutex *mutex);
void mutex_unlock(struct tracker_mutex *mutex);
/* Shards of what is known under this address, as bits. Any thread, no lock. */
uint32_t handle_shards(struct tracker *tracker, uint64_t address);

/* The depot's lock, with the tracker's held or not, never the other way round. False: no arena, or this very thread holds it: it is a signal
 * handler that interrupted a change of the depot, which must be left alone. */
bool depot_enter(struct tracker *tracker);
void depot_leave(struct tracker *tracker);

/* ---- hashes: who checks a file must agree with who wrote it ------------------------------------------------------- */

/* Neighbours in memory have neighbouring buckets, so that a program that makes many handles does not touch a new page of the arena for each; what lies a
 * multiple of the table's reach apart is told apart by the higher bits. */
static inline uint32_t handle_hash(uint64_t address)
{
    return (uint32_t)(address >> 5 ^ (address >> 22) * UINT64_C(0x9e3779b97f4a7c15) >> 40);
}

static inline uint64_t depot_mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ hash >> 32;
}

static inline uint32_t depot_string_hash(const char *bytes, size_t length)
{
    uint64_t hash = length;
    for (; length >= 8; bytes += 8, length -= 8) {
        uint64_t word;
        memcpy(&word, bytes, sizeof word);
        hash = depot_mix(hash, word);
    }
    uint64_t rest = 0;
    memcpy(&rest, bytes, length);
    return (uint32_t)depot_mix(hash, rest);
}

static inline uint32_t depot_frame_hash(string_id file, string_id function, uint32_t line)
{
    return (uint32_t)depot_mix(depot_mix(file, function), line);
}

/* ---- graph.c ---------------------------------------------------------------------------------------------------- */

enum walk_step { WALK_INTO, WALK_PAST, WALK_STOP };

/* `edge` led to `child`. The visitor may remove this very edge, by edge_remove_in_walk(), and no other, and must then not go into the child. */
typedef enum walk_step (*walk_visitor)(struct tracker *tracker, uint32_t edge, enum edge_type type, handle_id child,
                                       void *context);

#define WALK_TYPE(type) (1u << (type))
#define WALK_BORROWED WALK_TYPE(EDGE_BORROWED)
#define WALK_NEEDED (WALK_BORROWED | WALK_TYPE(EDGE_DEPENDANT) | WALK_TYPE(EDGE_NEEDED))

/* Everything below `root` by edges of these types, without `root`, but for buried ones below which nothing lives. False: stopped, or not everything could be
 * visited. What dies during the walk, or lives again, keeps its place among the children until the walk is over: the visitor must not sink or raise anything. */
bool graph_walk(struct tracker *tracker, handle_id root, unsigned types, walk_visitor visit, void *context);

/* As edge_remove(), but if that was the last that lived below a buried parent, that one must be sunk when the walk is over. */
void edge_remove_in_walk(struct tracker *tracker, uint32_t edge);
/* If `id` is buried, and nothing lives below it, its edges to its parents are dead from now on; the same then of those parents. */
void handle_sink(struct tracker *tracker, handle_id id);

/* `id` and its ancestors, nearest first, each once, at most `room`; `*complete` is false when there are more. */
unsigned graph_ancestors(const struct tracker *tracker, handle_id id, handle_id *ancestors, unsigned room, bool *complete);

/* ---- lifetime.c ------------------------------------------------------------------------------------------------- */

/* Out of the queue of postponed frees; leaves state and staleness alone. */
void hold_leave(struct tracker *tracker, struct handle_record *handle);

#endif
