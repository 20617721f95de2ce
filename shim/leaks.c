/* Leaks: see leaks.h.
 *
 * A leak is told only of what a contract calls the caller's to free, born in this process and seen: not what is lent, given away, of the
 * process's lifetime (drivers, contexts), made before a fork, or still held by a Python object whose end the interpreter did not bother to bring about.
 */
#include "leaks.h"
#include "call.h"
#include "forks.h"
#include "report_parts.h"
#include "young.h"
#include <string.h>
#include <time.h>

#define GROUPS_MAX 256u

/* ---- at the end, and on request ------------------------------------------------------------------------------------- */

/* [tracker locked] Would a file lack something if this were never freed? A dataset open for update, or what was made from one and keeps it open. */
static bool may_lose_data(const struct handle_record *record)
{
    if ((record->flags & HANDLE_UPDATE) == 0)
        return false;
    return kind_table[record->kind].flush != NULL ? is_on_disk(record) : true;
}

/* [tracker locked] Alive, and the caller's to free? */
static bool is_owned(const struct handle_record *record)
{
    const uint32_t not_the_callers = HANDLE_BORROWED | HANDLE_TAKEN | HANDLE_GLOBAL | HANDLE_LET_GO | HANDLE_RELEASED;
    return record->state == HANDLE_LIVE && record->kind < KIND_COUNT && (record->flags & not_the_callers) == 0 && record->birth_stack != 0 &&
           record->generation == tracker_header(TRACKER)->forks && !kind_table[record->kind].process;
}

/* [tracker locked] */
static bool is_leaked(const struct handle_record *record, enum leaks which)
{
    if (!is_owned(record) || (record->flags & HANDLE_TOLD) != 0)
        return false;
    bool loses = may_lose_data(record);
    return loses || (which == LEAKS_all && record->holders == 0);
}

struct origin {
    uint64_t place;
    uint16_t kind;
    bool loses;
};

static struct origin origin_of(const struct handle_record *record)
{
    return (struct origin){place_key(record->birth_stack), record->kind, may_lose_data(record)};
}

static bool same_origin(struct origin a, struct origin b)
{
    return a.place == b.place && a.kind == b.kind && a.loses == b.loses;
}

/* One report about the first untold leak and all of its origin. Returns how many handles, 0 when there is none. */
static size_t tell_one_group(enum leaks which)
{
    if (!tracker_lock(TRACKER))
        return 0;
    struct violation violation = {0};
    struct origin origin = {0};
    uint32_t used = tracker_header(TRACKER)->sections[SECTION_HANDLES].used;
    for (handle_id id = 1; id < used; id++)
    {
        struct handle_record *record = tracker_handle(TRACKER, id);
        if (!is_leaked(record, which) || (violation.count != 0 && !same_origin(origin, origin_of(record))))
            continue;
        if (violation.count == 0)
        {
            origin = origin_of(record);
            violation_describe_group(&violation, 115, id);
        }
        else
            violation_add_to_group(&violation, id);
        record->flags |= HANDLE_TOLD;
    }
    tracker_unlock(TRACKER);
    if (violation.count == 0)
        return 0;
    if (origin.loses)
        strcpy(violation.note, "what was written to it may be missing in the file");
    violation.action = ACTION_logged;
    char sentence[2 * DESCRIPTION_BYTES];
    report_violation(&violation, sentence, sizeof sentence);
    return violation.count;
}

size_t leaks_report(enum leaks which)
{
    size_t total = 0, count = 1;
    if (TRACKER->base == NULL || which == LEAKS_off)
        return 0;
    for (unsigned groups = 0; groups < GROUPS_MAX && count > 0; groups++)
        total += count = tell_one_group(LEAKS_data);
    count = which == LEAKS_all ? 1 : 0;
    for (unsigned groups = 0; groups < GROUPS_MAX && count > 0; groups++)
        total += count = tell_one_group(LEAKS_all);
    return total;
}

handle_id leaks_next(handle_id id, uint32_t since, struct leak *leak)
{
    handle_id found = 0;
    stack_id birth = 0;
    if (TRACKER->base == NULL || !tracker_lock(TRACKER))
        return 0;
    uint32_t used = tracker_header(TRACKER)->sections[SECTION_HANDLES].used;
    for (id++; id < used && found == 0; id++) {
        const struct handle_record *record = tracker_handle(TRACKER, id);
        if (!is_owned(record) || (int32_t)(record->serial - since) <= 0)
            continue;
        found = id;
        birth = record->birth_stack;
        leak->address = record->address;
        leak->serial = record->serial;
        leak->kind = record->kind;
        leak->python = record->holders != 0;
        describe_handle(id, leak->description, sizeof leak->description);
    }
    tracker_unlock(TRACKER);
    if (found != 0) {
        struct place place = find_place(birth); /* may ask the dynamic linker */
        place_text(&place, leak->place, sizeof leak->place);
    }
    return found;
}

/* ---- while the program runs ---------------------------------------------------------------------------------------------
 * Every few thousand births all that is alive is counted by origin. An origin grows when each of several looks in a row found more than the one
 * before, four times as many in the end as in the beginning, and more than a program keeps on purpose. */

#define SITES 1024u
#define LOOKS_IN_A_ROW 4u
#define BIRTHS_BETWEEN 4096

static struct site {
    uint32_t stack; /* of the births: 0 is an empty slot */
    uint16_t kind;
    bool told;
    uint8_t grown;      /* looks in a row that found more */
    uint32_t first, last, now;
    handle_id example;
} sites[SITES];
static _Atomic int32_t births_left = BIRTHS_BETWEEN;

/* [tracker locked] */
static struct site *site_of(stack_id birth, uint16_t kind)
{
    for (unsigned i = 0; i < 16; i++)
    {
        struct site *site = &sites[(birth * 2654435761u >> 16 ^ (kind + i) * 40503u) % SITES];
        if (site->stack == 0)
        {
            site->stack = birth;
            site->kind = kind;
        }
        if (site->stack == birth && site->kind == kind)
            return site;
    }
    return NULL; /* crowded: this origin is not watched */
}

/* [tracker locked] Counts anew; returns how many live handles there are. `kinds`: also how many of each kind live or are held; NULL: nobody asks. */
static uint32_t count_sites(uint32_t kinds[KIND_COUNT])
{
    uint32_t used = tracker_header(TRACKER)->sections[SECTION_HANDLES].used, alive = 0;
    for (unsigned i = 0; i < SITES; i++)
        sites[i].now = 0;
    for (handle_id id = 1; id < used; id++)
    {
        const struct handle_record *record = tracker_handle(TRACKER, id);
        if (kinds != NULL && (record->state == HANDLE_LIVE || record->state == HANDLE_HELD) && record->kind < KIND_COUNT)
            kinds[record->kind]++;
        if (record->state != HANDLE_LIVE || record->kind >= KIND_COUNT || record->birth_stack == 0 || (record->flags & (HANDLE_BORROWED | HANDLE_TAKEN | HANDLE_GLOBAL)) != 0)
            continue;
        alive++;
        struct site *site = site_of(record->birth_stack, record->kind);
        if (site != NULL && site->now++ == 0)
            site->example = id;
    }
    return alive;
}

/* [tracker locked] */
static bool grows(struct site *site)
{
    uint32_t limit = kind_table[site->kind].many ? holdfast_options.growth_many : holdfast_options.growth;
    bool more = site->now > site->last;
    if (!more)
        site->grown = 0;
    else if (site->grown++ == 0)
        site->first = site->now;
    site->grown = site->grown > 200 ? 200 : site->grown;
    site->last = site->now;
    if (site->now == 0 && !site->told)
        site->stack = 0;
    return !site->told && limit != 0 && site->now >= limit && site->grown >= LOOKS_IN_A_ROW && site->now / 4 >= site->first;
}

static void look_at_growth(void)
{
    if (!tracker_lock(TRACKER))
        return;
    uint32_t alive = count_sites(NULL);
    struct violation violation = {0};
    for (unsigned i = 0; i < SITES && violation.count == 0; i++)
        if (sites[i].stack != 0 && grows(&sites[i]))
        {
            sites[i].told = true;
            violation_describe_group(&violation, 116, sites[i].example);
            violation.count = sites[i].now;
            violation.action = ACTION_logged;
        }
    tracker_unlock(TRACKER);
    atomic_store(&births_left, alive / 2 > BIRTHS_BETWEEN ? (int32_t)(alive / 2) : BIRTHS_BETWEEN);
    if (violation.count == 0)
        return;
    char sentence[2 * DESCRIPTION_BYTES];
    report_violation(&violation, sentence, sizeof sentence);
}

void growth_count_births(unsigned births)
{
    int32_t left = atomic_fetch_sub_explicit(&births_left, (int32_t)births, memory_order_relaxed);
    if (left > 0 && left <= (int32_t)births)
        look_at_growth();
}

/* ---- samples -------------------------------------------------------------------------------------------------------------
 * For who reads the arena: how the living grew. A sample counts all handles once, so the next one comes no sooner than after two hundred times as long as that took, and never
 * sooner than SAMPLE_FIRST_NS, which doubles each time that the section is full. Nobody waits for a lock. */

#define SAMPLE_FIRST_NS UINT64_C(50000000)
#define SAMPLE_SHARE 200u

static _Atomic uint64_t next_sample_ns;
static uint64_t sample_distance_ns = SAMPLE_FIRST_NS;

static uint64_t clock_ns(clockid_t clock)
{
    struct timespec now = {0};
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* [tracker locked] Where the next sample goes, NULL: the arena has no room for any. */
static struct sample_record *next_sample(void)
{
    struct arena_section_header *section = &tracker_header(TRACKER)->sections[SECTION_SAMPLES];
    struct sample_record *records = (struct sample_record *)(TRACKER->base + section->offset);
    if (section->capacity < 4)
        return NULL;
    if (section->used >= section->capacity)
    {
        uint32_t kept = 1;
        for (uint32_t id = 1; id < section->used; id += 2)
            records[kept++] = records[id];
        __atomic_store_n(&section->used, kept, __ATOMIC_RELEASE);
        sample_distance_ns *= 2;
    }
    return &records[section->used];
}

/* The most frequent ones of `counts`, most first. */
static unsigned most_frequent(const uint32_t *counts, unsigned count, unsigned *chosen)
{
    unsigned found = 0;
    for (unsigned i = 0; i < count; i++)
    {
        if (counts[i] == 0)
            continue;
        unsigned place = found < SAMPLE_TOP ? found++ : SAMPLE_TOP;
        for (; place > 0 && counts[chosen[place - 1]] < counts[i]; place--)
            if (place < SAMPLE_TOP)
                chosen[place] = chosen[place - 1];
        if (place < SAMPLE_TOP)
            chosen[place] = i;
    }
    return found;
}

/* [tracker locked] By the sets as they lie there, which their threads change meanwhile: a handle more or less makes no other picture. */
static void count_young(uintptr_t address, const struct young_birth *birth, stack_id stack, bool held, bool given, void *kinds)
{
    (void)address;
    if (birth->kind >= KIND_COUNT)
        return;
    ((uint32_t *)kinds)[birth->kind]++;
    struct site *site = !held && !given && !birth->borrowed && stack != 0 ? site_of(stack, birth->kind) : NULL;
    if (site != NULL)
        site->now++;
}

/* [tracker locked] */
static void fill_sample(struct sample_record *sample)
{
    static uint32_t counts[SITES];
    uint32_t kinds[KIND_COUNT] = {0};
    unsigned chosen[SAMPLE_TOP];
    count_sites(kinds);
    young_each(count_young, kinds);
    unsigned found = most_frequent(kinds, KIND_COUNT, chosen);
    for (unsigned i = 0; i < found; i++)
        sample->kinds[i] = (struct sample_kind){chosen[i], kinds[chosen[i]]};
    for (unsigned i = 0; i < SITES; i++)
        counts[i] = sites[i].stack != 0 ? sites[i].now : 0;
    found = most_frequent(counts, SITES, chosen);
    for (unsigned i = 0; i < found; i++)
        sample->sites[i] = (struct sample_site){sites[chosen[i]].stack, counts[chosen[i]], sites[chosen[i]].kind};
}

/* [tracker locked] */
static void take_sample(void)
{
    const uint64_t *counters = tracker_header(TRACKER)->counters;
    uint64_t born = counters[COUNTER_births] + counters[COUNTER_loans], died = counters[COUNTER_deaths] + counters[COUNTER_implicit_deaths];
    struct sample_record *record = next_sample();
    if (record == NULL)
        return;
    *record = (struct sample_record){.alive = born > died ? born - died : 0};
    fill_sample(record);
    record->time_ns = clock_ns(CLOCK_REALTIME);
    __atomic_fetch_add(&tracker_header(TRACKER)->sections[SECTION_SAMPLES].used, 1, __ATOMIC_RELEASE);
}

void growth_sample(void)
{
    uint64_t now = clock_ns(CLOCK_MONOTONIC), due = atomic_load_explicit(&next_sample_ns, memory_order_relaxed);
    if (now < due || !atomic_compare_exchange_strong(&next_sample_ns, &due, UINT64_MAX))
        return;
    uint64_t cost = 0;
    if (tracker_try_lock(TRACKER))
    {
        uint64_t before = clock_ns(CLOCK_THREAD_CPUTIME_ID); /* that the thread had to wait for a processor is no work of ours */
        take_sample();
        tracker_unlock(TRACKER);
        cost = clock_ns(CLOCK_THREAD_CPUTIME_ID) - before;
    }
    atomic_store(&next_sample_ns, now + (cost * SAMPLE_SHARE > sample_distance_ns ? cost * SAMPLE_SHARE : sample_distance_ns));
}

/* Sites are known by stacks of the arena. */
void growth_after_fork_child(void)
{
    atomic_store(&next_sample_ns, 0); /* another thread may have been at it */
    if (TRACKER->fork_lost)
        memset(sites, 0, sizeof sites);
}
