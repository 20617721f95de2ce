/* The arena: its memory, its sections, taking and giving back records, the lock, the counters, and what becomes of it in
 * fork's child.
 *
 * Any thread may call any function here; those marked [locked] in tracker.h under the lock. Nothing here allocates from the
 * heap, uses stdio streams, takes a lock but the tracker's own, or leaves errno changed: the caller is the middle of somebody
 * else's program. tracker_open(), tracker_close() and the fork functions are not for signal handlers; tracker_lock() is, and
 * says there whether the tracker may be touched.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* mremap, MAP_NORESERVE, strerrordesc_np: strerror may load message catalogues, and so allocate */
#endif
#include "internal.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* ---- how an arena is divided ------------------------------------------------------------------------------------- */

#define SECTION_ALIGNMENT 64u
#define RECORDS_MAXIMUM UINT64_C(0x7fffffff) /* ids are 32 bits wide, and doubling one must not overflow */
#define MODULES_MAXIMUM UINT64_C(0xffff)     /* a native frame word has 16 bits for the module */
#define STRING_BYTES_TYPICAL 44u             /* measured over paths, layer names and qualified names: decides how many fit the index */

static const uint32_t record_bytes[SECTION_COUNT] = {
    [SECTION_HANDLES] = sizeof(struct handle_record),
    [SECTION_HANDLE_BUCKETS] = sizeof(uint32_t),
    [SECTION_EDGES] = sizeof(struct edge_record),
    [SECTION_STACKS] = sizeof(struct stack_record),
    [SECTION_STACK_BUCKETS] = sizeof(uint32_t),
    [SECTION_WORDS] = sizeof(uint64_t),
    [SECTION_PYTHON_FRAMES] = sizeof(struct python_frame_record),
    [SECTION_PYTHON_BUCKETS] = sizeof(uint32_t),
    [SECTION_STRINGS] = 1,
    [SECTION_STRING_BUCKETS] = sizeof(uint32_t),
    [SECTION_STRING_INDEX] = sizeof(struct string_index_record),
    [SECTION_MODULES] = sizeof(struct module_record),
    [SECTION_EVENTS] = sizeof(struct event_record),
    [SECTION_FENCES] = sizeof(struct fence_record),
    [SECTION_THREADS] = sizeof(struct thread_record),
};

/* Shares of the arena in thousandths. A group is an array of records with the buckets that find them, and for strings the bytes. What
 * is left to 1000 covers rounding. */
static const struct {
    enum arena_section records;
    enum arena_section buckets; /* SECTION_COUNT: none */
    uint32_t thousandths;
} shares[] = {
    {SECTION_HANDLES, SECTION_HANDLE_BUCKETS, 450},
    {SECTION_EDGES, SECTION_COUNT, 180},
    {SECTION_STACKS, SECTION_STACK_BUCKETS, 35},
    {SECTION_WORDS, SECTION_COUNT, 175},
    {SECTION_PYTHON_FRAMES, SECTION_PYTHON_BUCKETS, 30},
    {SECTION_STRING_INDEX, SECTION_STRING_BUCKETS, 60},
    {SECTION_MODULES, SECTION_COUNT, 10},
    {SECTION_EVENTS, SECTION_COUNT, 30},
    {SECTION_FENCES, SECTION_COUNT, 20},
    {SECTION_THREADS, SECTION_COUNT, 5},
};

static uint64_t power_of_two_up_to(uint64_t value)
{
    uint64_t power = 1;
    while (power <= value / 2)
        power *= 2;
    return power;
}

static void plan_sections(struct arena_section_header sections[SECTION_COUNT], uint64_t bytes)
{
    uint64_t capacity[SECTION_COUNT] = {0};
    uint64_t rounding = (uint64_t)SECTION_COUNT * SECTION_ALIGNMENT;
    uint64_t divided = bytes - ARENA_HEADER_BYTES - rounding;

    for (size_t i = 0; i < sizeof shares / sizeof shares[0]; i++) {
        enum arena_section records = shares[i].records, buckets = shares[i].buckets;
        uint64_t share = divided / 1000 * shares[i].thousandths;
        uint64_t each = record_bytes[records];
        if (buckets != SECTION_COUNT)
            each += sizeof(uint32_t);
        if (records == SECTION_STRING_INDEX)
            each += STRING_BYTES_TYPICAL;
        uint64_t count = share / each;
        uint64_t most = records == SECTION_MODULES ? MODULES_MAXIMUM
                        : records == SECTION_THREADS ? THREAD_RECORDS + 1
                        : records == SECTION_STRING_INDEX ? RECORDS_MAXIMUM / STRING_BYTES_TYPICAL
                                                          : RECORDS_MAXIMUM;
        if (count > most)
            count = most;
        capacity[records] = count;
        if (buckets != SECTION_COUNT)
            capacity[buckets] = power_of_two_up_to(count);
        if (records == SECTION_STRING_INDEX)
            capacity[SECTION_STRINGS] = count * STRING_BYTES_TYPICAL;
    }

    uint64_t offset = ARENA_HEADER_BYTES;
    for (int section = 0; section < SECTION_COUNT; section++) {
        sections[section] = (struct arena_section_header){
            .offset = offset,
            .record_bytes = record_bytes[section],
            .capacity = (uint32_t)capacity[section],
            .used = 1,
        };
        offset += capacity[section] * record_bytes[section];
        offset = (offset + SECTION_ALIGNMENT - 1) / SECTION_ALIGNMENT * SECTION_ALIGNMENT;
    }
    /* Rings and buckets are not handed out record by record. */
    static const enum arena_section whole[] = {SECTION_HANDLE_BUCKETS, SECTION_STACK_BUCKETS, SECTION_PYTHON_BUCKETS,
                                               SECTION_STRING_BUCKETS, SECTION_EVENTS,        SECTION_FENCES, SECTION_THREADS};
    for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++)
        sections[whole[i]].used = sections[whole[i]].capacity;
}

/* Turn `bytes` of zeroed memory into an empty arena. LIVE is written last: until then a reader knows that it is not whole. */
static void format_arena(uint8_t *base, uint64_t bytes, const char *program)
{
    handle_filter_clear();
    struct arena_header *header = (struct arena_header *)base;
    struct timespec now = {0};
    clock_gettime(CLOCK_REALTIME, &now);

    memcpy(header->magic, ARENA_MAGIC, sizeof header->magic);
    header->version = ARENA_VERSION;
    header->header_bytes = ARENA_HEADER_BYTES;
    header->total_bytes = bytes;
    header->pid = (uint32_t)getpid();
    header->started_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
    if (program != NULL)
        memcpy(header->program, program, strnlen(program, sizeof header->program - 1));
    plan_sections(header->sections, bytes);
    header->layout_sum = arena_layout_sum(header->sections);
    __atomic_store_n(&header->state, (uint32_t)ARENA_LIVE, __ATOMIC_RELEASE);
}

/* ---- memory --------------------------------------------------------------------------------------------------------- */

static const char *reason(int error)
{
    const char *words = strerrordesc_np(error);
    return words != NULL ? words : "unknown error";
}

static uint8_t *map_anonymous(uint64_t bytes, char *error, size_t error_bytes)
{
    void *base = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base != MAP_FAILED)
        return base;
    snprintf(error, error_bytes, "cannot map %llu bytes of memory for the arena: %s", (unsigned long long)bytes,
             reason(errno));
    return NULL;
}

/* All of the file's space is taken now: a page of a mapped file for which the disk has no room later would be a SIGBUS in the
 * middle of the program. */
static int reserve_file(int file, uint64_t bytes)
{
    /* Beyond this limit the kernel does not just fail: it sends SIGXFSZ, which ends the program. */
    struct rlimit limit;
    if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY && bytes > limit.rlim_cur)
        return EFBIG;
    int failure;
    do
        failure = posix_fallocate(file, 0, (off_t)bytes);
    while (failure == EINTR);
    return failure;
}

static uint8_t *map_new_file(const char *path, uint64_t bytes, char *error, size_t error_bytes)
{
    int file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0) {
        snprintf(error, error_bytes, "cannot create the arena file %s: %s", path, reason(errno));
        return NULL;
    }
    int failure = reserve_file(file, bytes);
    if (failure != 0) {
        snprintf(error, error_bytes, "cannot reserve %llu bytes for the arena file %s: %s", (unsigned long long)bytes,
                 path, reason(failure));
    } else {
        void *base = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        if (base != MAP_FAILED) {
            close(file);
            return base;
        }
        snprintf(error, error_bytes, "cannot map %llu bytes of the arena file %s: %s", (unsigned long long)bytes, path,
                 reason(errno));
    }
    close(file);
    unlink(path);
    return NULL;
}

bool tracker_open(struct tracker *tracker, const char *path, uint64_t bytes, const char *program, char *error,
                  size_t error_bytes)
{
    int saved_errno = errno;
    bytes -= bytes % (uint64_t)sysconf(_SC_PAGESIZE);
    if (bytes < ARENA_MINIMUM_BYTES) {
        snprintf(error, error_bytes, "an arena needs at least %llu bytes, and %llu were asked for",
                 (unsigned long long)ARENA_MINIMUM_BYTES, (unsigned long long)bytes);
        return false;
    }
    if (bytes > INT64_MAX) {
        snprintf(error, error_bytes, "an arena of %llu bytes is larger than any file can be", (unsigned long long)bytes);
        return false;
    }
    uint8_t *base = path != NULL ? map_new_file(path, bytes, error, error_bytes) : map_anonymous(bytes, error, error_bytes);
    if (base != NULL) {
        format_arena(base, bytes, program);
        tracker->bytes = bytes;
        tracker->shared_file = path != NULL;
        __atomic_store_n(&tracker->base, base, __ATOMIC_RELEASE);
    }
    errno = saved_errno;
    return base != NULL;
}

void tracker_close(struct tracker *tracker)
{
    int saved_errno = errno;
    uint8_t *base = tracker->base;
    if (base == NULL)
        return;
    bool locked = tracker_lock(tracker);
    __atomic_store_n(&tracker_header(tracker)->state, (uint32_t)ARENA_CLOSED, __ATOMIC_RELEASE);
    __atomic_store_n(&tracker->base, NULL, __ATOMIC_RELEASE);
    munmap(base, tracker->bytes);
    tracker->bytes = 0;
    tracker->shared_file = false;
    if (locked)
        tracker_unlock(tracker);
    errno = saved_errno;
}

/* ---- records -------------------------------------------------------------------------------------------------------- */

static enum arena_counter dropped_counter(enum arena_section section)
{
    switch (section) {
    case SECTION_HANDLES:
        return COUNTER_dropped_handles;
    case SECTION_EDGES:
        return COUNTER_dropped_edges;
    case SECTION_STRINGS:
    case SECTION_STRING_INDEX:
        return COUNTER_dropped_strings;
    default: /* words, Python frames and modules are what stacks are made of */
        return COUNTER_dropped_stacks;
    }
}

uint32_t tracker_take_record(struct tracker *tracker, enum arena_section section)
{
    if (tracker->base == NULL)
        return 0;
    struct arena_section_header *header = section_header(tracker, section);
    uint32_t id = header->free_head;
    if (id != 0) {
        if (section == SECTION_HANDLES) {
            struct handle_record *handle = tracker_record(tracker, section, id);
            header->free_head = handle->next;
            handle->next = 0;
        } else {
            struct edge_record *edge = tracker_record(tracker, section, id);
            header->free_head = edge->next_of_child;
            edge->next_of_child = 0;
        }
    } else if (header->used < header->capacity) {
        id = header->used;
        __atomic_store_n(&header->used, id + 1, __ATOMIC_RELEASE);
    } else {
        tracker_count(tracker, dropped_counter(section));
        return 0;
    }
    if (section == SECTION_HANDLES)
        tracker_handle(tracker, id)->serial++;
    return id;
}

void tracker_give_record(struct tracker *tracker, enum arena_section section, uint32_t id)
{
    struct arena_section_header *header = section_header(tracker, section);
    if (section == SECTION_HANDLES) {
        struct handle_record *handle = tracker_record(tracker, section, id);
        if (handle == NULL)
            return;
        *handle = (struct handle_record){.serial = handle->serial, .next = header->free_head};
    } else if (section == SECTION_EDGES) {
        struct edge_record *edge = tracker_record(tracker, section, id);
        if (edge == NULL)
            return;
        *edge = (struct edge_record){.next_of_child = header->free_head};
    } else {
        return;
    }
    header->free_head = id;
}

void tracker_count(struct tracker *tracker, enum arena_counter counter)
{
    if (tracker->base != NULL)
        __atomic_fetch_add(&tracker_header(tracker)->counters[counter], 1, __ATOMIC_RELAXED);
}

void tracker_uncount(struct tracker *tracker, enum arena_counter counter)
{
    if (tracker->base != NULL)
        __atomic_fetch_sub(&tracker_header(tracker)->counters[counter], 1, __ATOMIC_RELAXED);
}

/* ---- the lock ------------------------------------------------------------------------------------------------------- */

/* A system call each time would double the cost of a lock. initial-exec: a preloaded library has its place in every thread from
 * the start, and nothing is allocated at the first access. */
static _Thread_local int32_t this_thread __attribute__((tls_model("initial-exec")));

int32_t tracker_thread(void)
{
    if (this_thread == 0)
        this_thread = (int32_t)syscall(SYS_gettid);
    return this_thread;
}

static inline void pause_a_moment(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static bool take_free_lock(struct tracker *tracker, int32_t word)
{
    int32_t free_word = 0;
    return __atomic_compare_exchange_n(&tracker->lock, &free_word, word, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

/* Most sections are shorter than a system call, so it pays to spin a little: up to twice as long as helped lately. */
static bool take_lock_spinning(struct tracker *tracker, int32_t self)
{
    int32_t average = __atomic_load_n(&tracker->lock_spins, __ATOMIC_RELAXED);
    int32_t most = average * 2 + 10 < 200 ? average * 2 + 10 : 200;
    int32_t spins = 0;
    bool taken = false;
    while (spins < most && !taken) {
        spins++;
        pause_a_moment();
        taken = __atomic_load_n(&tracker->lock, __ATOMIC_RELAXED) == 0 && take_free_lock(tracker, self);
    }
    __atomic_store_n(&tracker->lock_spins, average + (spins - average) / 8, __ATOMIC_RELAXED);
    return taken;
}

static __attribute__((noinline)) void take_lock_slowly(struct tracker *tracker, int32_t self)
{
    if (take_lock_spinning(tracker, self))
        return;
    int saved_errno = errno;
    /* Whoever slept cannot know whether others still sleep, so it takes the lock with the mark set: one wake-up too many at
     * the end, never one too few. */
    while (!take_free_lock(tracker, self | TRACKER_LOCK_WAITERS)) {
        int32_t word = __atomic_load_n(&tracker->lock, __ATOMIC_RELAXED);
        if (word == 0)
            continue;
        if ((word & TRACKER_LOCK_WAITERS) == 0 &&
            !__atomic_compare_exchange_n(&tracker->lock, &word, word | TRACKER_LOCK_WAITERS, false, __ATOMIC_RELAXED,
                                         __ATOMIC_RELAXED))
            continue;
        syscall(SYS_futex, &tracker->lock, FUTEX_WAIT_PRIVATE, word | TRACKER_LOCK_WAITERS, NULL, NULL, 0);
    }
    errno = saved_errno;
}

bool tracker_lock(struct tracker *tracker)
{
    if (__atomic_load_n(&tracker->base, __ATOMIC_RELAXED) == NULL)
        return false;
    int32_t self = tracker_thread();
    if (!take_free_lock(tracker, self)) {
        /* No other thread can put our own id there, so this needs no order. */
        if ((__atomic_load_n(&tracker->lock, __ATOMIC_RELAXED) & ~TRACKER_LOCK_WAITERS) == self)
            return false;
        take_lock_slowly(tracker, self);
    }
    if (__atomic_load_n(&tracker->base, __ATOMIC_RELAXED) == NULL) { /* closed while we waited */
        tracker_unlock(tracker);
        return false;
    }
    return true;
}

bool tracker_try_lock(struct tracker *tracker)
{
    return __atomic_load_n(&tracker->base, __ATOMIC_RELAXED) != NULL && take_free_lock(tracker, tracker_thread());
}

bool tracker_is_mine(const struct tracker *tracker)
{
    return (__atomic_load_n(&tracker->lock, __ATOMIC_RELAXED) & ~TRACKER_LOCK_WAITERS) == tracker_thread();
}

void tracker_unlock(struct tracker *tracker)
{
    int32_t word = __atomic_exchange_n(&tracker->lock, 0, __ATOMIC_RELEASE);
    if ((word & TRACKER_LOCK_WAITERS) == 0)
        return;
    int saved_errno = errno;
    syscall(SYS_futex, &tracker->lock, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
    errno = saved_errno;
}

/* ---- fork ----------------------------------------------------------------------------------------------------------- */

/* Only what is in use: an arena is far larger than what most programs put into it. Untouched pages stay untouched. */
static void copy_arena(uint8_t *to, const uint8_t *from)
{
    const struct arena_header *header = (const struct arena_header *)from;
    memcpy(to, from, ARENA_HEADER_BYTES);
    for (int section = 0; section < SECTION_COUNT; section++) {
        const struct arena_section_header *part = &header->sections[section];
        uint64_t records = part->used;
        if (section == SECTION_EVENTS && header->event_count < records)
            records = header->event_count + 1;
        if (section == SECTION_FENCES && header->fence_head < records)
            records = header->fence_head + 1;
        memcpy(to + part->offset, from + part->offset, records * part->record_bytes);
    }
}

void tracker_before_fork(struct tracker *tracker)
{
    tracker->fork_locked = tracker_lock(tracker);
    if (tracker->base == NULL || !tracker->shared_file)
        return;
    /* Also when this thread holds the lock already: the fork then stands inside a change, and parent and child both carry it on
     * from here. */
    int saved_errno = errno;
    tracker->fork_snapshot = map_anonymous(tracker->bytes, NULL, 0);
    if (tracker->fork_snapshot != NULL)
        copy_arena(tracker->fork_snapshot, tracker->base);
    errno = saved_errno;
}

void tracker_after_fork_parent(struct tracker *tracker)
{
    int saved_errno = errno;
    if (tracker->fork_snapshot != NULL)
        munmap(tracker->fork_snapshot, tracker->bytes);
    tracker->fork_snapshot = NULL;
    if (tracker->fork_locked) {
        tracker->fork_locked = false;
        tracker_unlock(tracker);
    }
    errno = saved_errno;
}

/* The memory that is to stand in for the inherited arena: of the new file, else anonymous. NULL when there is none. */
static uint8_t *map_for_child(struct tracker *tracker, const char *path, const char *program, bool *in_file, char *error,
                              size_t error_bytes)
{
    uint8_t *snapshot = tracker->fork_snapshot;
    uint8_t *fresh = path != NULL ? map_new_file(path, tracker->bytes, error, error_bytes) : NULL;
    *in_file = fresh != NULL;
    if (snapshot != NULL) {
        if (fresh == NULL)
            return snapshot;
        copy_arena(fresh, snapshot);
        munmap(snapshot, tracker->bytes);
        return fresh;
    }
    if (fresh == NULL)
        fresh = map_anonymous(tracker->bytes, error, error_bytes);
    if (fresh != NULL)
        format_arena(fresh, tracker->bytes, program);
    return fresh;
}

bool tracker_after_fork_child(struct tracker *tracker, const char *path, char *error, size_t error_bytes)
{
    int saved_errno = errno;
    if (tracker->base == NULL) {
        this_thread = 0;
        tracker->lock = 0;
        return true;
    }
    /* this_thread is still the parent's: only the thread that forks goes on, so it says who held the lock. */
    int32_t owner = tracker->lock & ~TRACKER_LOCK_WAITERS;
    bool torn = owner != 0 && owner != this_thread;
    this_thread = 0;
    tracker->lock = 0;
    tracker->fork_locked = false;

    char program[sizeof tracker_header(tracker)->program];
    memcpy(program, tracker_header(tracker)->program, sizeof program);

    bool in_file = false, as_asked = true;
    if (tracker->shared_file || torn) {
        uint8_t *fresh = map_for_child(tracker, tracker->shared_file ? path : NULL, program, &in_file, error, error_bytes);
        tracker->fork_snapshot = NULL;
        as_asked = fresh != NULL && in_file == (tracker->shared_file && path != NULL);
        /* At the old address, because the fork may stand inside a change that holds pointers. */
        if (fresh == NULL || mremap(fresh, tracker->bytes, tracker->bytes, MREMAP_MAYMOVE | MREMAP_FIXED,
                                    tracker->base) == MAP_FAILED) {
            /* What is mapped there is the parent's: without memory of our own there is no tracking in this process. */
            if (fresh != NULL)
                snprintf(error, error_bytes, "cannot give the forked process its own arena: %s", reason(errno));
            tracker->base = NULL;
            as_asked = false;
        }
        tracker->shared_file = in_file && tracker->base != NULL;
    }
    if (tracker->base != NULL) {
        tracker_header(tracker)->pid = (uint32_t)getpid();
        tracker_header(tracker)->forks++;
    }
    errno = saved_errno;
    return as_asked;
}
