/* The depot: strings, Python frames, stacks and modules, each kept once however often it is seen; and the ring of events.
 *
 * Any thread, with the tracker's lock held or not. Nothing here allocates from the heap or uses stdio.
 *
 * Records are only ever appended, never changed or taken back. A record is complete before its section's `used` says that it is there, and that is said
 * before a bucket leads to it (release; whoever follows the bucket acquires). So a reader in another process, tracker_text(), and every lookup of what is
 * there already need no lock: the usual stack is found without one. Only who found nothing takes the depot's lock, looks once more at what was put
 * in front meanwhile, and appends. The handles' lock is another one: births on one thread do not wait for stacks on another.
 *
 * A signal handler that interrupts a thread inside that lock gets what is known already, and 0 for what is new. The fork of a process leaves the
 * child nothing torn: what was being appended is not there.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* clock_gettime under -std=c17 */
#endif
#include "internal.h"
#include <string.h>
#include <time.h>

static bool is_usable(const struct tracker *tracker)
{
    return __atomic_load_n(&tracker->base, __ATOMIC_ACQUIRE) != NULL;
}

/* Where a chain of records begins; with it, all of them are whole. */
static uint32_t chain_of(const uint32_t *bucket)
{
    return __atomic_load_n(bucket, __ATOMIC_ACQUIRE);
}

/* [depot locked] From now on others find it: the last step. */
static uint32_t lead_to(uint32_t *bucket, uint32_t id)
{
    __atomic_store_n(bucket, id, __ATOMIC_RELEASE);
    return id;
}

static bool has_room(const struct tracker *tracker, enum arena_section section, uint64_t records)
{
    const struct arena_section_header *header = section_header(tracker, section);
    return records <= header->capacity - header->used;
}

/* The next record, still invisible: first fill it, then publish() it. NULL, and counted, when the section is full. */
static void *next_record(struct tracker *tracker, enum arena_section section, enum arena_counter dropped)
{
    const struct arena_section_header *header = section_header(tracker, section);
    if (has_room(tracker, section, 1))
        return (uint8_t *)section_data(tracker, section) + (uint64_t)header->used * header->record_bytes;
    tracker_count(tracker, dropped);
    return NULL;
}

static uint32_t publish(struct tracker *tracker, enum arena_section section, uint32_t records)
{
    struct arena_section_header *header = section_header(tracker, section);
    uint32_t first = header->used;
    __atomic_store_n(&header->used, first + records, __ATOMIC_RELEASE);
    return first;
}

/* ---- strings -------------------------------------------------------------------------------------------------------- */

static size_t stored_length(const char *text, size_t length)
{
    if (length <= TRACKER_STRING_MAXIMUM)
        return strnlen(text, length);
    size_t cut = strnlen(text, TRACKER_STRING_MAXIMUM);
    if (cut < TRACKER_STRING_MAXIMUM)
        return cut;
    for (unsigned back = 0; back < 3 && ((unsigned char)text[cut] & 0xc0) == 0x80; back++)
        cut--;
    return cut;
}

/* Any lock or none. */
static string_id find_string(const struct tracker *tracker, const char *text, size_t length, uint32_t hash)
{
    const char *bytes = section_data(tracker, SECTION_STRINGS);
    const struct string_index_record *known;
    for (uint32_t id = chain_of(section_bucket(tracker, SECTION_STRING_BUCKETS, hash)); id != 0; id = known->next) {
        known = tracker_record(tracker, SECTION_STRING_INDEX, id);
        if (known == NULL)
            break;
        if (known->hash == hash && known->length == length && memcmp(bytes + known->string, text, length) == 0)
            return known->string;
    }
    return 0;
}

/* [depot locked] */
static string_id add_string(struct tracker *tracker, const char *text, size_t length, uint32_t hash)
{
    uint32_t *bucket = section_bucket(tracker, SECTION_STRING_BUCKETS, hash);
    if (!has_room(tracker, SECTION_STRINGS, (uint64_t)length + 1)) {
        tracker_count(tracker, COUNTER_dropped_strings);
        return 0;
    }
    struct string_index_record *record = next_record(tracker, SECTION_STRING_INDEX, COUNTER_dropped_strings);
    if (record == NULL)
        return 0;
    uint32_t string = section_header(tracker, SECTION_STRINGS)->used;
    char *bytes = (char *)section_data(tracker, SECTION_STRINGS) + string;
    memcpy(bytes, text, length);
    bytes[length] = '\0'; /* not zero yet where a fork caught another thread in the midst of this */
    publish(tracker, SECTION_STRINGS, (uint32_t)length + 1);

    *record = (struct string_index_record){string, hash, *bucket, (uint32_t)length};
    lead_to(bucket, publish(tracker, SECTION_STRING_INDEX, 1));
    return string;
}

string_id tracker_string(struct tracker *tracker, const char *text, size_t length)
{
    if (text == NULL || (length = stored_length(text, length)) == 0)
        return 0;
    uint32_t hash = depot_string_hash(text, length);
    string_id id = is_usable(tracker) ? find_string(tracker, text, length, hash) : 0;
    if (id != 0 || !depot_enter(tracker))
        return id;
    id = find_string(tracker, text, length, hash);
    if (id == 0)
        id = add_string(tracker, text, length, hash);
    depot_leave(tracker);
    return id;
}

const char *tracker_text(const struct tracker *tracker, string_id id)
{
    const char *text = tracker_record(tracker, SECTION_STRINGS, id);
    return text != NULL ? text : "";
}

/* ---- Python frames -------------------------------------------------------------------------------------------------- */

static uint32_t *python_bucket(const struct tracker *tracker, string_id file, string_id function, uint32_t line)
{
    return section_bucket(tracker, SECTION_PYTHON_BUCKETS, depot_frame_hash(file, function, line));
}

/* Any lock or none. */
static uint32_t find_python_frame(const struct tracker *tracker, string_id file, string_id function, uint32_t line)
{
    const struct python_frame_record *known;
    for (uint32_t id = chain_of(python_bucket(tracker, file, function, line)); id != 0; id = known->next) {
        known = tracker_record(tracker, SECTION_PYTHON_FRAMES, id);
        if (known == NULL)
            break;
        if (known->line == line && known->function == function && known->file == file)
            return id;
    }
    return 0;
}

/* [depot locked] */
static uint32_t add_python_frame(struct tracker *tracker, string_id file, string_id function, uint32_t line)
{
    uint32_t *bucket = python_bucket(tracker, file, function, line);
    struct python_frame_record *record = next_record(tracker, SECTION_PYTHON_FRAMES, COUNTER_dropped_stacks);
    if (record == NULL)
        return 0;
    *record = (struct python_frame_record){file, function, line, *bucket};
    return lead_to(bucket, publish(tracker, SECTION_PYTHON_FRAMES, 1));
}

uint32_t tracker_python_frame(struct tracker *tracker, const char *file, size_t file_length, const char *function,
                              size_t function_length, uint32_t line)
{
    string_id file_id = tracker_string(tracker, file, file_length);
    string_id function_id = tracker_string(tracker, function, function_length);
    uint32_t id = is_usable(tracker) ? find_python_frame(tracker, file_id, function_id, line) : 0;
    if (id != 0 || !depot_enter(tracker))
        return id;
    id = find_python_frame(tracker, file_id, function_id, line);
    if (id == 0)
        id = add_python_frame(tracker, file_id, function_id, line);
    depot_leave(tracker);
    return id;
}

/* ---- stacks --------------------------------------------------------------------------------------------------------- */

struct stack_key {
    const uint64_t *native;
    const uint32_t *python;
    unsigned native_count, python_count;
    uint32_t flags;
    uint64_t hash;
};

static bool same_stack(const struct stack_record *record, const uint64_t *words, const struct stack_key *key)
{
    if (record->hash != key->hash || record->native_count != key->native_count ||
        record->python_count != key->python_count || record->flags != key->flags)
        return false;
    words += record->first_word;
    for (unsigned i = 0; i < key->python_count; i++)
        if (words[i] != key->python[i])
            return false;
    return key->native_count == 0 || memcmp(words + key->python_count, key->native, key->native_count * sizeof *words) == 0;
}

/* Any lock or none. */
static stack_id find_stack(const struct tracker *tracker, const struct stack_key *key)
{
    const uint64_t *words = section_data(tracker, SECTION_WORDS);
    const struct stack_record *known;
    for (uint32_t id = chain_of(section_bucket(tracker, SECTION_STACK_BUCKETS, (uint32_t)key->hash)); id != 0; id = known->next) {
        known = tracker_record(tracker, SECTION_STACKS, id);
        if (known == NULL)
            break;
        if (same_stack(known, words, key))
            return id;
    }
    return 0;
}

/* [depot locked] */
static stack_id add_stack(struct tracker *tracker, const struct stack_key *key)
{
    uint32_t *bucket = section_bucket(tracker, SECTION_STACK_BUCKETS, (uint32_t)key->hash);
    uint32_t frames = key->python_count + key->native_count;
    if (!has_room(tracker, SECTION_WORDS, frames)) {
        tracker_count(tracker, COUNTER_dropped_stacks);
        return 0;
    }
    struct stack_record *record = next_record(tracker, SECTION_STACKS, COUNTER_dropped_stacks);
    if (record == NULL)
        return 0;
    uint64_t *word = (uint64_t *)section_data(tracker, SECTION_WORDS) + section_header(tracker, SECTION_WORDS)->used;
    for (unsigned i = 0; i < key->python_count; i++)
        *word++ = key->python[i];
    if (key->native_count != 0)
        memcpy(word, key->native, key->native_count * sizeof *word);
    uint32_t first_word = publish(tracker, SECTION_WORDS, frames);

    *record = (struct stack_record){
        .hash = key->hash,
        .next = *bucket,
        .first_word = first_word,
        .native_count = (uint16_t)key->native_count,
        .python_count = (uint16_t)key->python_count,
        .flags = key->flags,
    };
    return lead_to(bucket, publish(tracker, SECTION_STACKS, 1));
}

stack_id tracker_stack(struct tracker *tracker, const uint64_t *native, unsigned native_count, const uint32_t *python,
                       unsigned python_count, uint32_t flags)
{
    struct stack_key key = {native, python, native_count, python_count, flags, 0};
    if (native_count > UINT16_MAX) {
        key.native_count = UINT16_MAX;
        key.flags |= STACK_TRUNCATED_NATIVE;
    }
    if (python_count > UINT16_MAX) {
        key.python_count = UINT16_MAX;
        key.flags |= STACK_TRUNCATED_PYTHON;
    }
    if (key.native_count + key.python_count == 0)
        return 0;
    key.hash = depot_mix(depot_mix(key.python_count, key.native_count), key.flags);
    for (unsigned i = 0; i < key.python_count; i++)
        key.hash = depot_mix(key.hash, python[i]);
    for (unsigned i = 0; i < key.native_count; i++)
        key.hash = depot_mix(key.hash, native[i]);

    stack_id id = is_usable(tracker) ? find_stack(tracker, &key) : 0;
    if (id != 0 || !depot_enter(tracker))
        return id;
    id = find_stack(tracker, &key);
    if (id == 0)
        id = add_stack(tracker, &key);
    depot_leave(tracker);
    return id;
}

/* ---- modules -------------------------------------------------------------------------------------------------------- */

/* [depot locked] A few hundred at the most, each asked for once by whoever caches the answer: no buckets. */
static uint32_t intern_module(struct tracker *tracker, const struct module_record *wanted)
{
    for (uint32_t id = section_header(tracker, SECTION_MODULES)->used - 1; id > 0; id--) {
        const struct module_record *known = tracker_record(tracker, SECTION_MODULES, id);
        if (known->base == wanted->base && known->end == wanted->end && known->path == wanted->path &&
            known->build_id_bytes == wanted->build_id_bytes &&
            memcmp(known->build_id, wanted->build_id, sizeof known->build_id) == 0)
            return id;
    }
    struct module_record *record = next_record(tracker, SECTION_MODULES, COUNTER_dropped_stacks);
    if (record == NULL)
        return 0;
    *record = *wanted;
    return publish(tracker, SECTION_MODULES, 1);
}

uint32_t tracker_module(struct tracker *tracker, const char *path, uint64_t base, uint64_t end, const uint8_t *build_id,
                        unsigned build_id_bytes)
{
    struct module_record wanted = {.base = base, .end = end};
    if (build_id_bytes > sizeof wanted.build_id)
        build_id_bytes = sizeof wanted.build_id;
    if (build_id != NULL && build_id_bytes != 0) {
        memcpy(wanted.build_id, build_id, build_id_bytes);
        wanted.build_id_bytes = build_id_bytes;
    }
    wanted.path = path != NULL ? tracker_string(tracker, path, strlen(path)) : 0;
    if (!depot_enter(tracker))
        return 0;
    uint32_t id = intern_module(tracker, &wanted);
    depot_leave(tracker);
    return id;
}

/* ---- events --------------------------------------------------------------------------------------------------------- */

/* Event number n lies in record 1 + n % (capacity - 1). While it is written `event_count` is still n, and a reader leaves out the record
 * that is next in turn, so what it takes is whole. */
void tracker_event(struct tracker *tracker, const struct event_record *event)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_REALTIME, &now);
    struct event_record filled = *event;
    filled.time_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
    filled.thread = (uint32_t)tracker_thread();

    if (!depot_enter(tracker))
        return;
    struct arena_header *header = tracker_header(tracker);
    uint32_t slots = header->sections[SECTION_EVENTS].capacity - 1;
    struct event_record *ring = section_data(tracker, SECTION_EVENTS);
    ring[1 + header->event_count % slots] = filled;
    __atomic_store_n(&header->event_count, header->event_count + 1, __ATOMIC_RELEASE);
    depot_leave(tracker);
}
