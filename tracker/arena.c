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
    [SECTION_HOLDS] = sizeof(struct hold_record),
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
    [SECTION_SAMPLES] = sizeof(struct sample_record),
    [SECTION_OWN] = ARENA_OWN_UNIT,
};

/* Shares of the arena in thousandths. A group is an array of records with the buckets that find them, and for strings the bytes. What
 * is left to 1000 covers rounding. */
static const struct {
    enum arena_section records;
    enum arena_section buckets; /* SECTION_COUNT: none */
    uint32_t thousandths;
} shares[] = {
    {SECTION_HANDLES, SECTION_HANDLE_BUCKETS, 415},
    {SECTION_HOLDS, SECTION_COUNT, 15},
    {SECTION_EDGES, SECTION_COUNT, 200},
    {SECTION_STACKS, SECTION_STACK_BUCKETS, 35},
    {SECTION_WORDS, SECTION_COUNT, 175},
    {SECTION_PYTHON_FRAMES, SECTION_PYTHON_BUCKETS, 30},
    {SECTION_STRING_INDEX, SECTION_STRING_BUCKETS, 60},
    {SECTION_MODULES, SECTION_COUNT, 10},
    {SECTION_EVENTS, SECTION_COUNT, 30},
    {SECTION_FENCES, SECTION_COUNT, 20},
    {SECTION_THREADS, SECTION_COUNT, 5},
    {SECTION_SAMPLES, SECTION_COUNT, 3},
};

static uint64_t power_of_two_up_to(uint64_t value)
{
    uint64_t power = 1;
    while (power <= value / 2)
        power *= 2;
    return power;
}

static void plan_sections(struct arena_section_header sections[SECTION_COUNT], uint64_t bytes, uint64_t own_bytes)
{
    uint64_t capacity[SECTION_COUNT] = {0};
    uint64_t rounding = (uint64_t)SECTION_COUNT * SECTION_ALIGNMENT;
    capacity[SECTION_OWN] = own_bytes / ARENA_OWN_UNIT;
    uint64_t divided = bytes - ARENA_HEADER_BYTES - rounding - capacity[SECTION_OWN] * ARENA_OWN_UNIT;

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
                        : records == SECTION_SAMPLES ? SAMPLE_RECORDS + 1
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
    sections[SECTION_OWN].used = 0;
}

/* Turn `bytes` of zeroed memory into an empty arena. LIVE is written last: until then a reader knows that it is not whole. */
static void format_arena(uint8_t *base, uint64_t bytes, uint64_t own_bytes, const char *program)
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
    plan_sections(header->sections, bytes, own_bytes);
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

/* A file that is being made. Where the file system can, it has no name until it is whole: then a process that is killed meanwhile leaves nothing behind, and
 * who finds a file can read it. */
struct new_file {
    int file;
    bool named;
};

static void open_new_file(struct new_file *new, const char *path)
{
    char folder[4096];
    const char *slash = strrchr(path, '/');
    size_t length = slash == NULL ? 0 : slash == path ? 1 : (size_t)(slash - path);
    *new = (struct new_file){-1, false};
    if (length < sizeof folder && access("/proc/self/fd", F_OK) == 0) { /* the way to its name */
        memcpy(folder, path, length);
        folder[length] = '\0';
        new->file = open(length == 0 ? "." : folder, O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
    }
    if (new->file < 0)
        *new = (struct new_file){open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600), true};
}

/* What is in it is whole. */
static bool name_new_file(struct new_file *new, const char *path, char *error, size_t error_bytes)
{
    char way[40];
    snprintf(way, sizeof way, "/proc/self/fd/%d", new->file);
    bool done = new->named || linkat(AT_FDCWD, way, AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0;
    if (!done)
        snprintf(error, error_bytes, "cannot create the arena file %s: %s", path, reason(errno));
    close(new->file);
    return done;
}

static uint8_t *map_new_file(struct new_file *new, const char *path, uint64_t bytes, char *error, size_t error_bytes)
{
    open_new_file(new, path);
    int file = new->file;
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
        if (base != MAP_FAILED)
            return base;
        snprintf(error, error_bytes, "cannot map %llu bytes of the arena file %s: %s", (unsigned long long)bytes, path,
                 reason(errno));
    }
    close(file);
    if (new->named)
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
    struct new_file new;
    uint8_t *base = path != NULL ? map_new_file(&new, path, bytes, error, error_bytes) : map_anonymous(bytes, error, error_bytes);
    if (base != NULL) {
        if (tracker->own_bytes > bytes / 2)
            tracker->own_bytes = 0;
        format_arena(base, bytes, tracker->own_bytes, program);
        if (path != NULL && !name_new_file(&new, path, error, error_bytes)) {
            munmap(base, bytes);
            base = NULL;
        }
    }
    if (base != NULL) {
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
    bool locked = tracker_lock(tracker), depot_locked = depot_enter(tracker);
    __atomic_store_n(&tracker_header(tracker)->state, (uint32_t)ARENA_CLOSED, __ATOMIC_RELEASE);
    __atomic_store_n(&tracker->base, NULL, __ATOMIC_RELEASE);
    for (unsigned stripe = 0; stripe < TRACKER_STRIPES; stripe++) { /* who is about to lock may be looking there */
        mutex_lock(&tracker->stripes[stripe]);
        mutex_unlock(&tracker->stripes[stripe]);
    }
    munmap(base, tracker->bytes);
    tracker->bytes = 0;
    tracker->shared_file = false;
    if (depot_locked)
        depot_leave(tracker);
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
    case SECTION_HOLDS:
        return COUNTER_dropped_holds;
    case SECTION_EDGES:
        return COUNTER_dropped_edges;
    case SECTION_STRINGS:
    case SECTION_STRING_INDEX:
        return COUNTER_dropped_strings;
    default: /* words, Python frames and modules are what stacks are made of */
        return COUNTER_dropped_stacks;
    }
}

/* Where a free record of this section says which one is free next. */
static uint32_t *free_link(enum arena_section section, void *record)
{
    switch (section) {
    case SECTION_HANDLES:
        return &((struct handle_record *)record)->next;
    case SECTION_HOLDS:
        return &((struct hold_record *)record)->next;
    default:
        return &((struct edge_record *)record)->next_of_child;
    }
}

static uint32_t *free_list(struct tracker *tracker, unsigned shard, enum arena_section section)
{
    struct arena_shard *lists = &tracker_header(tracker)->shards[shard];
    return section == SECTION_HANDLES ? &lists->free_handles : section == SECTION_HOLDS ? &lists->free_holds : &lists->free_edges;
}

/* One that was never used. Several threads may ask at once. */
static uint32_t take_new(struct arena_section_header *header)
{
    uint32_t id = __atomic_load_n(&header->used, __ATOMIC_RELAXED);
    while (id < header->capacity && !__atomic_compare_exchange_n(&header->used, &id, id + 1, true, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
        continue;
    return id < header->capacity ? id : 0;
}

static uint32_t take_given(struct tracker *tracker, unsigned shard, enum arena_section section)
{
    uint32_t *list = free_list(tracker, shard, section), id = *list;
    if (id != 0) {
        uint32_t *link = free_link(section, tracker_record(tracker, section, id));
        __atomic_store_n(list, *link, __ATOMIC_RELAXED);
        *link = 0;
    }
    return id;
}

static void put_given(struct tracker *tracker, unsigned shard, enum arena_section section, uint32_t id)
{
    uint32_t *list = free_list(tracker, shard, section);
    *free_link(section, tracker_record(tracker, section, id)) = *list;
    __atomic_store_n(list, id, __ATOMIC_RELAXED); /* others look whether it is empty */
}

static bool take_free(struct tracker_mutex *mutex, int32_t word)
{
    int32_t free_word = 0;
    return __atomic_compare_exchange_n(&mutex->word, &free_word, word, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

#define REFILL 32u

/* What one thread makes another one may give back, all the time: then the list of the first is empty and that of the second grows. Shards that nobody is
 * in are entered for a moment. */
static void refill(struct tracker *tracker, enum arena_section section)
{
    uint32_t *own = free_list(tracker, tracker_home(), section);
    for (unsigned shard = 0; shard < ARENA_SHARDS && *own == 0; shard++) {
        if (shard == tracker_home() || __atomic_load_n(free_list(tracker, shard, section), __ATOMIC_RELAXED) == 0)
            continue;
        bool held = tracker_held == 0 || holds_shard((uint8_t)shard);
        if (!held && !take_free(&tracker->shards[shard], tracker_thread()))
            continue;
        uint32_t id;
        for (unsigned i = 0; i < REFILL && (id = take_given(tracker, shard, section)) != 0; i++)
            put_given(tracker, tracker_home(), section, id);
        if (!held)
            mutex_unlock(&tracker->shards[shard]);
    }
}

/* Does any shard have one that was given back? */
static bool any_given(struct tracker *tracker, enum arena_section section)
{
    for (unsigned shard = 0; shard < ARENA_SHARDS; shard++)
        if (__atomic_load_n(free_list(tracker, shard, section), __ATOMIC_RELAXED) != 0)
            return true;
    return false;
}

#define REFILL_PAUSE 64u /* where nobody has any: new ones that are taken before all are asked again, which costs some 500 instructions */

/* One that another shard gave back, 0: there is none to be had now. `must`: ask again, though there was none a moment ago. */
static uint32_t refilled(struct tracker *tracker, enum arena_section section, bool must)
{
    uint8_t *pause = &tracker->refill_pause[tracker_home()][section];
    if (*pause != 0 && !must) {
        --*pause;
        return 0;
    }
    refill(tracker, section);
    uint32_t id = take_given(tracker, tracker_home(), section);
    *pause = id == 0 && !any_given(tracker, section) ? REFILL_PAUSE : 0; /* else it is to be had when that shard is free */
    return id;
}

uint32_t tracker_take_record(struct tracker *tracker, enum arena_section section)
{
    if (tracker->base == NULL)
        return 0;
    uint32_t id = take_given(tracker, tracker_home(), section);
    if (id == 0)
        id = refilled(tracker, section, false);
    if (id == 0)
        id = take_new(section_header(tracker, section));
    if (id == 0)
        id = refilled(tracker, section, true);
    if (id == 0 && !tracker_has_all() && any_given(tracker, section))
        __atomic_store_n(&tracker->uneven, true, __ATOMIC_RELAXED); /* the next to lock takes all, and shares out */
    if (id == 0) {
        tracker_count(tracker, dropped_counter(section));
        if (section == SECTION_HANDLES)
            __atomic_store_n(&tracker->handles_dropped, true, __ATOMIC_RELAXED);
        return 0;
    }
    if (section == SECTION_HANDLES)
        tracker_handle(tracker, id)->serial = __atomic_add_fetch(&tracker_header(tracker)->last_serial, 1, __ATOMIC_RELAXED);
    return id;
}

/* [all locked] Each shard gets as much of what was given back as any other. */
static void share_out(struct tracker *tracker)
{
    static const enum arena_section given[] = {SECTION_HANDLES, SECTION_HOLDS, SECTION_EDGES};
    for (size_t i = 0; i < sizeof given / sizeof given[0]; i++) {
        uint32_t all = 0, id;
        for (unsigned shard = 0; shard < ARENA_SHARDS; shard++)
            while ((id = take_given(tracker, shard, given[i])) != 0) {
                *free_link(given[i], tracker_record(tracker, given[i], id)) = all;
                all = id;
            }
        for (unsigned shard = 0; all != 0; shard = (shard + 1) % ARENA_SHARDS) {
            id = all;
            all = *free_link(given[i], tracker_record(tracker, given[i], id));
            put_given(tracker, shard, given[i], id);
        }
    }
}

void tracker_give_record(struct tracker *tracker, enum arena_section section, uint32_t id)
{
    struct arena_section_header *header = section_header(tracker, section);
    void *record = tracker_record(tracker, section, id);
    if (record == NULL || (section != SECTION_HANDLES && section != SECTION_HOLDS && section != SECTION_EDGES))
        return;
    uint32_t serial = section == SECTION_HANDLES ? ((struct handle_record *)record)->serial : 0;
    memset(record, 0, header->record_bytes);
    if (section == SECTION_HANDLES)
        ((struct handle_record *)record)->serial = serial;
    put_given(tracker, tracker_home(), section, id);
}

void *tracker_take_own(struct tracker *tracker, uint64_t bytes, uint32_t *offset)
{
    if (tracker->base == NULL)
        return NULL;
    struct arena_section_header *header = section_header(tracker, SECTION_OWN);
    uint64_t units = (bytes + ARENA_OWN_UNIT - 1) / ARENA_OWN_UNIT;
    if (units > header->capacity - header->used)
        return NULL;
    *offset = header->used * ARENA_OWN_UNIT;
    __atomic_store_n(&header->used, header->used + (uint32_t)units, __ATOMIC_RELEASE);
    return (uint8_t *)section_data(tracker, SECTION_OWN) + *offset;
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

/* Most sections are shorter than a system call, so it pays to spin a little: up to twice as long as helped lately. */
static bool take_spinning(struct tracker_mutex *mutex, int32_t self)
{
    int32_t average = __atomic_load_n(&mutex->spins, __ATOMIC_RELAXED);
    int32_t most = average * 2 + 10 < 200 ? average * 2 + 10 : 200;
    int32_t spins = 0;
    bool taken = false;
    while (spins < most && !taken) {
        spins++;
        pause_a_moment();
        taken = __atomic_load_n(&mutex->word, __ATOMIC_RELAXED) == 0 && take_free(mutex, self);
    }
    __atomic_store_n(&mutex->spins, average + (spins - average) / 8, __ATOMIC_RELAXED);
    return taken;
}

static __attribute__((noinline)) void take_slowly(struct tracker_mutex *mutex, int32_t self)
{
    if (take_spinning(mutex, self))
        return;
    int saved_errno = errno;
    /* Whoever slept cannot know whether others still sleep, so it takes the lock with the mark set: one wake-up too many at
     * the end, never one too few. */
    while (!take_free(mutex, self | TRACKER_LOCK_WAITERS)) {
        int32_t word = __atomic_load_n(&mutex->word, __ATOMIC_RELAXED);
        if (word == 0)
            continue;
        if ((word & TRACKER_LOCK_WAITERS) == 0 &&
            !__atomic_compare_exchange_n(&mutex->word, &word, word | TRACKER_LOCK_WAITERS, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
            continue;
        syscall(SYS_futex, &mutex->word, FUTEX_WAIT_PRIVATE, word | TRACKER_LOCK_WAITERS, NULL, NULL, 0);
    }
    errno = saved_errno;
}

void mutex_lock(struct tracker_mutex *mutex)
{
    int32_t self = tracker_thread();
    if (!take_free(mutex, self))
        take_slowly(mutex, self);
}

void mutex_unlock(struct tracker_mutex *mutex)
{
    int32_t word = __atomic_exchange_n(&mutex->word, 0, __ATOMIC_RELEASE);
    if ((word & TRACKER_LOCK_WAITERS) == 0)
        return;
    int saved_errno = errno;
    syscall(SYS_futex, &mutex->word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
    errno = saved_errno;
}

/* Whoever reads the arena, perhaps after we were killed, knows by an odd number that it may be in the midst of a change. Only who has the lock
 * writes it. */
static inline void count_change(uint64_t *changes)
{
    __atomic_store_n(changes, *changes + 1, __ATOMIC_RELEASE);
    __atomic_thread_fence(__ATOMIC_RELEASE);
}

/* ---- shards --------------------------------------------------------------------------------------------------------- */

_Thread_local uint32_t tracker_held;
static _Thread_local uint8_t home __attribute__((tls_model("initial-exec"))); /* one more than the shard where this thread's births go; 0: not known yet */
static uint32_t homes;

uint8_t tracker_home(void)
{
    return home != 0 ? (uint8_t)(home - 1) : 0;
}

static void have_home(const struct tracker *tracker)
{
    if (home == 0 || tracker->scatter)
        home = (uint8_t)(1 + __atomic_fetch_add(&homes, 1, __ATOMIC_RELAXED) % ARENA_SHARDS);
}

/* The lowest that is held says for all of them when something changes. */
static inline uint64_t *changes_of(struct tracker *tracker, uint32_t shards)
{
    return &tracker_header(tracker)->shards[__builtin_ctz(shards)].changes;
}

/* In order; whether any had to be waited for. */
static bool take_shards(struct tracker *tracker, uint32_t shards)
{
    const int32_t self = tracker_thread();
    bool waited = false;
    for (uint32_t left = shards; left != 0; left &= left - 1) {
        struct tracker_mutex *mutex = &tracker->shards[__builtin_ctz(left)];
        if (take_free(mutex, self))
            continue;
        waited = true;
        take_slowly(mutex, self);
    }
    return waited;
}

static void give_shards(struct tracker *tracker, uint32_t shards)
{
    for (uint32_t left = shards; left != 0; left &= left - 1)
        mutex_unlock(&tracker->shards[__builtin_ctz(left)]);
}

bool tracker_begin(struct tracker *tracker)
{
    if (__atomic_load_n(&tracker->base, __ATOMIC_RELAXED) == NULL || tracker_held != 0)
        return false;
    tracker_held = HELD_BEGUN;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    return true;
}

void tracker_end(void)
{
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    tracker_held = 0;
}

/* They are taken. False: the arena was closed meanwhile. */
static bool enter(struct tracker *tracker, uint32_t shards, bool waited, enum arena_counter counter)
{
    if (__atomic_load_n(&tracker->base, __ATOMIC_RELAXED) == NULL) {
        give_shards(tracker, shards);
        tracker_end();
        return false;
    }
    tracker_held = shards;
    count_change(changes_of(tracker, shards));
    tracker_count(tracker, counter);
    if (waited)
        tracker_count(tracker, COUNTER_lock_waits);
    return true;
}

bool tracker_lock(struct tracker *tracker)
{
    if (!tracker_begin(tracker))
        return false;
    have_home(tracker);
    bool waited = take_shards(tracker, HELD_ALL);
    if (!enter(tracker, HELD_ALL, waited, COUNTER_locks))
        return false;
    if (__atomic_load_n(&tracker->uneven, __ATOMIC_RELAXED)) {
        __atomic_store_n(&tracker->uneven, false, __ATOMIC_RELAXED);
        share_out(tracker);
    }
    return true;
}

bool tracker_lock_near(struct tracker *tracker, const uint64_t *addresses, unsigned count)
{
    if (count > TRACKER_NEAR_MAX || __atomic_load_n(&tracker->uneven, __ATOMIC_RELAXED))
        return tracker_lock(tracker);
    if (!tracker_begin(tracker))
        return false;
    have_home(tracker);
    const uint32_t own = UINT32_C(1) << tracker_home();
    uint32_t wanted = own;
    for (unsigned i = 0; i < count; i++)
        wanted |= handle_shards(tracker, addresses[i]);
    bool waited = false;
    for (unsigned attempt = 0; attempt < 4; attempt++) {
        waited = take_shards(tracker, wanted) || waited;
        uint32_t now = own;
        for (unsigned i = 0; i < count; i++)
            now |= handle_shards(tracker, addresses[i]);
        if ((now & ~wanted) == 0)
            return enter(tracker, wanted, waited, COUNTER_shard_locks);
        give_shards(tracker, wanted); /* they went to another shard before it was locked */
        wanted |= now;
    }
    tracker_end();
    return tracker_lock(tracker);
}

bool tracker_has_all(void)
{
    return tracker_held == HELD_ALL;
}

void tracker_unlock(struct tracker *tracker)
{
    uint32_t shards = tracker_held & HELD_ALL;
    if (shards == 0)
        return;
    if (tracker->base != NULL)
        count_change(changes_of(tracker, shards));
    give_shards(tracker, shards);
    tracker_end();
}

/* Of others, too, which are held without a shard at times. */
static bool rest_is_free(const struct tracker *tracker)
{
    return __atomic_load_n(&tracker->queue.word, __ATOMIC_RELAXED) == 0 && __atomic_load_n(&tracker->fences.word, __ATOMIC_RELAXED) == 0;
}

bool tracker_try_lock(struct tracker *tracker)
{
    if (!tracker_begin(tracker))
        return false;
    have_home(tracker);
    uint32_t taken = 0;
    for (unsigned shard = 0; shard < ARENA_SHARDS && take_free(&tracker->shards[shard], tracker_thread()); shard++)
        taken |= UINT32_C(1) << shard;
    if (taken != HELD_ALL || !rest_is_free(tracker)) {
        give_shards(tracker, taken);
        tracker_end();
        return false;
    }
    tracker_held = HELD_ALL;
    count_change(changes_of(tracker, HELD_ALL));
    return true;
}

bool tracker_depot_is_free(const struct tracker *tracker)
{
    return __atomic_load_n(&tracker->depot.word, __ATOMIC_RELAXED) == 0;
}

bool tracker_is_mine(const struct tracker *tracker)
{
    (void)tracker;
    return tracker_held != 0;
}

bool tracker_queue_lock(struct tracker *tracker)
{
    if (!tracker_begin(tracker))
        return false;
    mutex_lock(&tracker->queue);
    if (__atomic_load_n(&tracker->base, __ATOMIC_RELAXED) != NULL)
        return true;
    tracker_queue_unlock(tracker);
    return false;
}

void tracker_queue_unlock(struct tracker *tracker)
{
    mutex_unlock(&tracker->queue);
    tracker_end();
}

/* ---- the depot's lock ----------------------------------------------------------------------------------------------- */

bool depot_enter(struct tracker *tracker)
{
    if (__atomic_load_n(&tracker->base, __ATOMIC_RELAXED) == NULL)
        return false;
    const int32_t self = tracker_thread();
    bool waited = !take_free(&tracker->depot, self);
    if (waited) {
        /* No other thread can put our own id there, so this needs no order. */
        if ((__atomic_load_n(&tracker->depot.word, __ATOMIC_RELAXED) & ~TRACKER_LOCK_WAITERS) == self)
            return false;
        take_slowly(&tracker->depot, self);
    }
    uint8_t *base = __atomic_load_n(&tracker->base, __ATOMIC_RELAXED);
    if (base == NULL) { /* closed while we waited */
        mutex_unlock(&tracker->depot);
        return false;
    }
    /* Counted by whoever holds the lock: no atomic operation is needed, and the reader sees a count that was right a moment ago. */
    uint64_t *counters = ((struct arena_header *)base)->counters;
    __atomic_store_n(&counters[COUNTER_depot_locks], counters[COUNTER_depot_locks] + 1, __ATOMIC_RELAXED);
    if (waited)
        __atomic_store_n(&counters[COUNTER_depot_waits], counters[COUNTER_depot_waits] + 1, __ATOMIC_RELAXED);
    count_change(&tracker_header(tracker)->depot_changes);
    return true;
}

void depot_leave(struct tracker *tracker)
{
    if (tracker->base != NULL)
        count_change(&tracker_header(tracker)->depot_changes);
    mutex_unlock(&tracker->depot);
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
    if (tracker->fork_locked) { /* who looks at the queue may have no shard */
        mutex_lock(&tracker->queue);
        mutex_lock(&tracker->fences);
    }
    tracker->fork_depot_locked = depot_enter(tracker);
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
    if (tracker->fork_depot_locked) {
        tracker->fork_depot_locked = false;
        depot_leave(tracker);
    }
    if (tracker->fork_locked) {
        tracker->fork_locked = false;
        mutex_unlock(&tracker->fences);
        mutex_unlock(&tracker->queue);
        tracker_unlock(tracker);
    }
    errno = saved_errno;
}

/* Before anybody can find the file by its name. */
static void belong_to_child(uint8_t *base)
{
    struct arena_header *header = (struct arena_header *)base;
    header->pid = (uint32_t)getpid();
    for (unsigned shard = 0; shard < ARENA_SHARDS; shard++)
        header->shards[shard].changes += header->shards[shard].changes & 1; /* the locks are free here */
    header->depot_changes += header->depot_changes & 1;
    header->process_start = 0; /* the parent's */
}

static bool frees_other(struct tracker_mutex *mutex)
{
    int32_t owner = mutex->word & ~TRACKER_LOCK_WAITERS;
    mutex->word = 0;
    return owner != 0 && owner != this_thread;
}

/* In the child nobody else is there to give them back. Was another thread in the midst of a change? Whoever was adding to the depot left nothing that
 * can be seen. */
static bool free_all_locks(struct tracker *tracker)
{
    bool torn = false;
    for (unsigned shard = 0; shard < ARENA_SHARDS; shard++)
        torn = frees_other(&tracker->shards[shard]) || torn;
    for (unsigned stripe = 0; stripe < TRACKER_STRIPES; stripe++)
        torn = (frees_other(&tracker->stripes[stripe]) && !tracker->fork_locked) || torn; /* who held one without a shard only read */
    torn = frees_other(&tracker->queue) || torn;
    torn = frees_other(&tracker->fences) || torn;
    frees_other(&tracker->depot);
    return torn;
}

/* The memory that is to stand in for the inherited arena: of the new file, else anonymous. NULL when there is none. */
static uint8_t *map_for_child(struct tracker *tracker, const char *path, const char *program, bool *in_file, char *error,
                              size_t error_bytes)
{
    uint8_t *snapshot = tracker->fork_snapshot;
    struct new_file new;
    uint8_t *fresh = path != NULL ? map_new_file(&new, path, tracker->bytes, error, error_bytes) : NULL;
    if (fresh != NULL) {
        if (snapshot != NULL)
            copy_arena(fresh, snapshot);
        else
            format_arena(fresh, tracker->bytes, tracker->own_bytes, program);
        belong_to_child(fresh);
        if (!name_new_file(&new, path, error, error_bytes)) {
            munmap(fresh, tracker->bytes);
            fresh = NULL;
        }
    }
    *in_file = fresh != NULL;
    if (snapshot != NULL && fresh != NULL)
        munmap(snapshot, tracker->bytes);
    if (fresh == NULL)
        fresh = snapshot;
    if (fresh == NULL) {
        fresh = map_anonymous(tracker->bytes, error, error_bytes);
        if (fresh != NULL)
            format_arena(fresh, tracker->bytes, tracker->own_bytes, program);
    }
    tracker->fork_lost = snapshot == NULL;
    return fresh;
}

bool tracker_after_fork_child(struct tracker *tracker, const char *path, char *error, size_t error_bytes)
{
    int saved_errno = errno;
    if (tracker->base == NULL) {
        free_all_locks(tracker);
        this_thread = 0;
        return true;
    }
    /* this_thread is still the parent's: only the thread that forks goes on, so it says who held the locks. */
    bool torn = free_all_locks(tracker);
    this_thread = 0;
    if (tracker->fork_locked) /* else the fork stands inside a section of this thread, which goes on, or nothing was locked */
        tracker_end();
    tracker->fork_locked = tracker->fork_depot_locked = tracker->fork_lost = false;

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
            tracker->fork_lost = true;
            as_asked = false;
        }
        tracker->shared_file = in_file && tracker->base != NULL;
    }
    if (tracker->base != NULL) {
        belong_to_child(tracker->base);
        tracker_header(tracker)->forks++;
    }
    errno = saved_errno;
    return as_asked;
}
