/* Checking an arena file: see check.h. Runs in the tools' own process, so it may allocate.
 *
 * The copy is taken like the reader's: what names before what is named, so that a process that goes on meanwhile adds only what nothing in the copy
 * names. It is taken again when the tracker was changed meanwhile; a process that changes it faster than that is checked
 * for what holds at any instant: that every number lies in its bounds.
 *
 * Two sorts of promises. Depots (strings, frames, stacks, modules, events) are appended to and complete before `used` says so: they hold at any instant. Lists and
 * what belongs together (handles, relations, the queue of postponed frees, fences, buckets) hold whenever the lock is free.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* O_CLOEXEC, pread, MAP_NORESERVE */
#endif
#include "check.h"
#include "internal.h"
#include "reader.h"
#include "rules.h"
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define TOLD_MAX 20u
#define UNFINISHED_MAX 16u /* one change leaves no more open; where more is, something else is wrong */
#define ATTEMPTS 20u

/* ---- the copy ------------------------------------------------------------------------------------------------------- */

static const enum arena_section copy_order[] = {
    SECTION_THREADS, SECTION_EVENTS, SECTION_SAMPLES, SECTION_OWN, SECTION_FENCES,      SECTION_HANDLE_BUCKETS, SECTION_EDGES,         SECTION_HANDLES, SECTION_HOLDS,
    SECTION_STACK_BUCKETS, SECTION_STACKS, SECTION_WORDS,       SECTION_PYTHON_BUCKETS, SECTION_PYTHON_FRAMES, SECTION_MODULES, SECTION_STRING_BUCKETS,
    SECTION_STRING_INDEX,  SECTION_STRINGS,
};
_Static_assert(sizeof copy_order / sizeof copy_order[0] == SECTION_COUNT, "each section once");

static struct arena_header *header_of(const struct arena_image *image)
{
    return (struct arena_header *)(void *)image->bytes;
}

static bool read_range(int file, uint8_t *to, uint64_t bytes, uint64_t offset)
{
    return reader_read_at(file, to, bytes, offset) == bytes;
}

/* Sections as the checked header has them, `used` as it is now. */
static bool copy_sections(struct arena_image *image, int file)
{
    struct arena_header *header = header_of(image);
    for (size_t i = 0; i < SECTION_COUNT; i++) {
        struct arena_section_header now, *part = &header->sections[copy_order[i]];
        if (!read_range(file, (uint8_t *)&now, sizeof now, offsetof(struct arena_header, sections) + (uint64_t)copy_order[i] * sizeof now))
            return false;
        part->used = now.used;
        uint64_t records = part->used < part->capacity ? part->used : part->capacity;
        if (!read_range(file, image->bytes + part->offset, records * part->record_bytes, part->offset))
            return false;
    }
    return true;
}

static bool was_changed(const struct arena_header *header, int file)
{
    struct arena_shard now[ARENA_SHARDS] = {{0}};
    uint64_t depot = ~header->depot_changes;
    bool changed = !read_range(file, (uint8_t *)now, sizeof now, offsetof(struct arena_header, shards));
    for (unsigned shard = 0; shard < ARENA_SHARDS; shard++)
        changed = changed || now[shard].changes != header->shards[shard].changes;
    return !read_range(file, (uint8_t *)&depot, sizeof depot, offsetof(struct arena_header, depot_changes)) || depot != header->depot_changes || changed;
}

static bool sets_fit(const struct arena_header *header)
{
    const struct arena_own *own = &header->own;
    const struct arena_section_header *part = &header->sections[SECTION_OWN];
    uint64_t bytes = (uint64_t)(part->used < part->capacity ? part->used : part->capacity) * ARENA_OWN_UNIT;
    uint64_t stride = (own->set_bytes + (uint64_t)ARENA_OWN_UNIT - 1) / ARENA_OWN_UNIT * ARENA_OWN_UNIT;
    return (own->sets == 0 || own->set_bytes != 0) && own->sets_offset <= bytes && own->sets * stride <= bytes - own->sets_offset;
}

static uint64_t set_offset(const struct arena_header *header, uint32_t set)
{
    uint64_t stride = (header->own.set_bytes + (uint64_t)ARENA_OWN_UNIT - 1) / ARENA_OWN_UNIT * ARENA_OWN_UNIT;
    return header->sections[SECTION_OWN].offset + header->own.sets_offset + set * stride;
}

/* Threads change their sets without the lock: read twice, compare. */
static void compare_sets(struct arena_image *image, int file)
{
    const struct arena_header *header = header_of(image);
    if (header->own.sets == 0 || !sets_fit(header))
        return;
    uint8_t *again = malloc(header->own.set_bytes);
    image->moving_set = calloc(header->own.sets, 1);
    for (uint32_t set = 0; again != NULL && image->moving_set != NULL && set < header->own.sets; set++) {
        uint64_t offset = set_offset(header, set);
        image->moving_set[set] = !read_range(file, again, header->own.set_bytes, offset) || memcmp(again, image->bytes + offset, header->own.set_bytes) != 0;
    }
    free(again);
}

/* A call in the reader's own words and order: what it refuses is refused here. */
static bool copy_file(struct arena_image *image, int file, const char *path, char *error, size_t error_bytes)
{
    for (unsigned attempt = 0; attempt < ATTEMPTS; attempt++) {
        if (!read_range(file, image->bytes, sizeof(struct arena_header), 0) || !reader_accepts(header_of(image), image->size, path, error, error_bytes))
            return false;
        if (!copy_sections(image, file)) {
            snprintf(error, error_bytes, "%s was truncated while it was read", path);
            return false;
        }
        image->moving = was_changed(header_of(image), file);
        if (!image->moving)
            break;
    }
    compare_sets(image, file);
    return true;
}

bool arena_image_read(struct arena_image *image, const char *path, char *error, size_t error_bytes)
{
    struct stat about;
    struct reader reader;
    *image = (struct arena_image){0};
    if (!reader_open(&reader, path, error, error_bytes)) /* says best what is wrong with a file that is none */
        return false;
    uint64_t size = reader.header.total_bytes;
    reader_close(&reader);
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (file < 0 || fstat(file, &about) != 0 || (uint64_t)about.st_size < size) {
        snprintf(error, error_bytes, "%s was changed while it was read", path);
        if (file >= 0)
            close(file);
        return false;
    }
    image->size = size;
    image->bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (image->bytes == MAP_FAILED) {
        image->bytes = NULL;
        snprintf(error, error_bytes, "not enough memory to read %s: it needs %llu bytes", path, (unsigned long long)size);
    }
    bool copied = image->bytes != NULL && copy_file(image, file, path, error, error_bytes);
    close(file);
    if (!copied)
        arena_image_free(image);
    return copied;
}

void arena_image_free(struct arena_image *image)
{
    if (image->bytes != NULL)
        munmap(image->bytes, image->size);
    free(image->moving_set);
    *image = (struct arena_image){0};
}

/* ---- what is found --------------------------------------------------------------------------------------------------- */

struct check {
    const struct arena_image *image;
    const struct arena_header *header;
    arena_teller tell;
    void *context;
    struct arena_faults faults;
    bool open; /* what is looked at is in the midst of a change */
};

__attribute__((format(printf, 4, 5))) static void fault(struct check *check, bool lasting, uint64_t offset, const char *format, ...)
{
    enum arena_fault sort = FAULT_DAMAGE;
    if (!lasting && check->open) {
        sort = FAULT_UNFINISHED;
        check->faults.unfinished++;
        if (!check->image->moving && check->faults.unfinished == UNFINISHED_MAX + 1)
            sort = FAULT_DAMAGE; /* told as such once, and counted */
    }
    if (sort == FAULT_DAMAGE)
        check->faults.damaged++;
    if (check->tell == NULL || (sort == FAULT_DAMAGE ? check->faults.damaged : check->faults.unfinished) > TOLD_MAX)
        return;
    char sentence[300];
    va_list values;
    va_start(values, format);
    vsnprintf(sentence, sizeof sentence, format, values);
    va_end(values);
    check->tell(sort, offset, sentence, check->context);
}
/* Holds at any instant. */
#define ALWAYS(check, fine, offset, ...) ((fine) ? (void)0 : fault(check, true, offset, __VA_ARGS__))
/* Holds when the lock is free. */
#define SETTLED(check, fine, offset, ...) ((fine) ? (void)0 : fault(check, false, offset, __VA_ARGS__))

static uint32_t used(const struct check *check, enum arena_section section)
{
    const struct arena_section_header *part = &check->header->sections[section];
    return part->used < part->capacity ? part->used : part->capacity;
}

static uint64_t place(const struct check *check, enum arena_section section, uint32_t id)
{
    const struct arena_section_header *part = &check->header->sections[section];
    return part->offset + (uint64_t)id * part->record_bytes;
}

/* The record, NULL for 0 and what is out of bounds. */
static const void *record(const struct check *check, enum arena_section section, uint32_t id)
{
    return id != 0 && id < used(check, section) ? check->image->bytes + place(check, section, id) : NULL;
}

static const struct handle_record *handle_at(const struct check *check, uint32_t id)
{
    return record(check, SECTION_HANDLES, id);
}

static const struct edge_record *edge_at(const struct check *check, uint32_t id)
{
    return record(check, SECTION_EDGES, id);
}

/* ---- header ---------------------------------------------------------------------------------------------------------------- */

static void check_sections(struct check *check)
{
    uint64_t end = ARENA_HEADER_BYTES;
    for (unsigned section = 0; section < SECTION_COUNT; section++) {
        const struct arena_section_header *part = &check->header->sections[section];
        uint64_t offset = offsetof(struct arena_header, sections) + section * sizeof *part;
        bool whole = section == SECTION_EVENTS || section == SECTION_FENCES || section == SECTION_HANDLE_BUCKETS || section == SECTION_STACK_BUCKETS ||
                     section == SECTION_PYTHON_BUCKETS || section == SECTION_STRING_BUCKETS || section == SECTION_THREADS;
        ALWAYS(check, part->offset >= end, offset, "section %u begins at %llu, inside the one before it", section, (unsigned long long)part->offset);
        ALWAYS(check, part->used <= part->capacity, offset, "section %u has %u records in use and room for %u", section, part->used, part->capacity);
        ALWAYS(check, !whole || part->used == part->capacity, offset, "section %u is handed out as a whole, and %u of %u are in use", section, part->used, part->capacity);
        ALWAYS(check, section == SECTION_OWN || part->used >= 1, offset, "section %u lacks its record 0", section);
        end = part->offset + (uint64_t)part->capacity * part->record_bytes;
    }
}

/* ---- strings, frames, stacks, modules -------------------------------------------------------------------------------------------- */

static bool is_string(const struct check *check, uint32_t id)
{
    const char *bytes = (const char *)check->image->bytes + place(check, SECTION_STRINGS, 0);
    return id == 0 || (id < used(check, SECTION_STRINGS) && bytes[id - 1] == '\0' && bytes[id] != '\0');
}

static bool is_stack(const struct check *check, uint32_t id)
{
    return id == 0 || record(check, SECTION_STACKS, id) != NULL;
}

/* Every record of `records` in exactly one chain, the one of its hash. */
static void check_chains(struct check *check, enum arena_section records, enum arena_section buckets, const char *what,
                         uint32_t (*next)(const void *), bool (*belongs)(const struct check *, uint32_t, const void *), uint32_t (*hash)(const struct check *, const void *))
{
    uint32_t count = used(check, records), slots = check->header->sections[buckets].capacity;
    const uint32_t *heads = (const uint32_t *)(const void *)(check->image->bytes + place(check, buckets, 0));
    uint8_t *seen = calloc((size_t)count + 1, 1);
    ALWAYS(check, slots != 0 && (slots & (slots - 1)) == 0, place(check, buckets, 0), "the buckets of %s are %u, not a power of two", what, slots);
    if (seen == NULL || slots == 0 || (slots & (slots - 1)) != 0) {
        free(seen);
        return;
    }
    for (uint32_t slot = 0; slot < slots; slot++)
        for (uint32_t id = heads[slot]; id != 0;) {
            const void *entry = record(check, records, id);
            bool again = entry != NULL && seen[id];
            SETTLED(check, entry != NULL, place(check, buckets, slot), "bucket %u of %s leads to %u, and there are %u", slot, what, id, count);
            SETTLED(check, !again, place(check, records, id), "%s %u is in two chains, or its chain is a circle", what, id);
            if (entry == NULL || again)
                break;
            seen[id] = 1;
            SETTLED(check, belongs(check, id, entry), place(check, records, id), "%s %u is free, and in the chain of bucket %u", what, id, slot);
            SETTLED(check, (hash(check, entry) & (slots - 1)) == slot, place(check, records, id), "%s %u is in the chain of bucket %u, where its hash does not lead", what, id, slot);
            id = next(entry);
        }
    for (uint32_t id = 1; id < count; id++) {
        bool wanted = belongs(check, id, record(check, records, id));
        SETTLED(check, !wanted || seen[id], place(check, records, id), "%s %u is in no chain: it can never be found again", what, id);
    }
    free(seen);
}

static bool always(const struct check *check, uint32_t id, const void *entry)
{
    (void)check, (void)id, (void)entry;
    return true;
}

static uint32_t next_string(const void *entry) { return ((const struct string_index_record *)entry)->next; }
static uint32_t next_python(const void *entry) { return ((const struct python_frame_record *)entry)->next; }
static uint32_t next_stack(const void *entry) { return ((const struct stack_record *)entry)->next; }
static uint32_t next_handle(const void *entry) { return ((const struct handle_record *)entry)->next; }

static uint32_t hash_string(const struct check *check, const void *entry)
{
    (void)check;
    return ((const struct string_index_record *)entry)->hash;
}

static uint32_t hash_python(const struct check *check, const void *entry)
{
    const struct python_frame_record *frame = entry;
    (void)check;
    return depot_frame_hash(frame->file, frame->function, frame->line);
}

static uint32_t hash_stack(const struct check *check, const void *entry)
{
    (void)check;
    return (uint32_t)((const struct stack_record *)entry)->hash;
}

static uint32_t hash_handle(const struct check *check, const void *entry)
{
    (void)check;
    return handle_hash(((const struct handle_record *)entry)->address);
}

static void check_strings(struct check *check)
{
    const char *bytes = (const char *)check->image->bytes + place(check, SECTION_STRINGS, 0);
    uint32_t end = used(check, SECTION_STRINGS);
    ALWAYS(check, end == 0 || bytes[0] == '\0', place(check, SECTION_STRINGS, 0), "the bytes of strings do not begin with a NUL");
    ALWAYS(check, end == 0 || bytes[end - 1] == '\0', place(check, SECTION_STRINGS, end), "the last string does not end");
    for (uint32_t id = 1; id < used(check, SECTION_STRING_INDEX); id++) {
        const struct string_index_record *entry = record(check, SECTION_STRING_INDEX, id);
        bool inside = entry->string != 0 && entry->string < end && entry->length < end - entry->string;
        ALWAYS(check, inside, place(check, SECTION_STRING_INDEX, id), "string %u lies at %u with %u bytes, and there are %u", id, entry->string, entry->length, end);
        if (!inside)
            continue;
        const char *text = bytes + entry->string;
        ALWAYS(check, strnlen(text, entry->length + 1u) == entry->length && text[-1] == '\0', place(check, SECTION_STRINGS, entry->string),
               "string %u is not as long as the index has it", id);
        ALWAYS(check, depot_string_hash(text, entry->length) == entry->hash, place(check, SECTION_STRING_INDEX, id), "string %u has another hash than the index has", id);
    }
    check_chains(check, SECTION_STRING_INDEX, SECTION_STRING_BUCKETS, "string", next_string, always, hash_string);
}

static void check_stacks(struct check *check)
{
    uint32_t words = used(check, SECTION_WORDS);
    for (uint32_t id = 1; id < used(check, SECTION_PYTHON_FRAMES); id++) {
        const struct python_frame_record *frame = record(check, SECTION_PYTHON_FRAMES, id);
        ALWAYS(check, is_string(check, frame->file) && is_string(check, frame->function), place(check, SECTION_PYTHON_FRAMES, id), "Python frame %u names strings that are not there", id);
    }
    check_chains(check, SECTION_PYTHON_FRAMES, SECTION_PYTHON_BUCKETS, "Python frame", next_python, always, hash_python);
    for (uint32_t id = 1; id < used(check, SECTION_MODULES); id++) {
        const struct module_record *module = record(check, SECTION_MODULES, id);
        ALWAYS(check, is_string(check, module->path) && module->build_id_bytes <= sizeof module->build_id && module->base <= module->end, place(check, SECTION_MODULES, id),
               "module %u has no path, no extent, or a build id of %u bytes", id, module->build_id_bytes);
    }
    for (uint32_t id = 1; id < used(check, SECTION_STACKS); id++) {
        const struct stack_record *stack = record(check, SECTION_STACKS, id);
        uint32_t frames = (uint32_t)stack->python_count + stack->native_count;
        bool inside = stack->first_word != 0 && stack->first_word <= words && frames <= words - stack->first_word && frames != 0;
        ALWAYS(check, inside, place(check, SECTION_STACKS, id), "stack %u has %u words from %u on, and there are %u", id, frames, stack->first_word, words);
        if (!inside)
            continue;
        const uint64_t *word = (const uint64_t *)(const void *)(check->image->bytes + place(check, SECTION_WORDS, stack->first_word));
        for (uint32_t i = 0; i < frames; i++) {
            bool fine = i < stack->python_count ? word[i] < used(check, SECTION_PYTHON_FRAMES) : word[i] >> STACK_MODULE_SHIFT < used(check, SECTION_MODULES);
            ALWAYS(check, fine, place(check, SECTION_WORDS, stack->first_word + i), "frame %u of stack %u names a %s that is not there", i, id, i < stack->python_count ? "Python frame" : "module");
        }
    }
    check_chains(check, SECTION_STACKS, SECTION_STACK_BUCKETS, "stack", next_stack, always, hash_stack);
}

static void check_events(struct check *check)
{
    uint32_t capacity = check->header->sections[SECTION_EVENTS].capacity, slots = capacity > 1 ? capacity - 1 : 0;
    uint64_t end = check->header->event_count, begin = end > slots ? end - slots + 1 : 0; /* the oldest may be half replaced by the next */
    for (uint64_t number = begin; number < end && slots != 0; number++) {
        uint32_t id = 1 + (uint32_t)(number % slots);
        const struct event_record *event = record(check, SECTION_EVENTS, id);
        bool fine = event != NULL && event->type < EVENT_TYPE_COUNT && event->action < ACTION_COUNT && is_stack(check, event->stack) && is_stack(check, event->birth_stack) &&
                    is_stack(check, event->death_stack) && is_string(check, event->label) && is_string(check, event->detail) && is_string(check, event->function_name) && is_string(check, event->task);
        SETTLED(check, fine, place(check, SECTION_EVENTS, id), "event %llu has an unknown type, or names what is not there", (unsigned long long)number);
    }
}

/* ---- handles and what links them ---------------------------------------------------------------------------------------------------- */

static bool is_known(const struct check *check, uint32_t id, const void *entry)
{
    (void)check, (void)id;
    return ((const struct handle_record *)entry)->state != HANDLE_FREE_RECORD;
}

static bool is_free(enum arena_section section, const void *entry)
{
    return section == SECTION_HANDLES ? ((const struct handle_record *)entry)->state == HANDLE_FREE_RECORD
           : section == SECTION_HOLDS ? ((const struct hold_record *)entry)->handle == 0
                                      : ((const struct edge_record *)entry)->type == EDGE_NONE;
}

static uint32_t next_free(enum arena_section section, const void *entry)
{
    return section == SECTION_HANDLES ? ((const struct handle_record *)entry)->next
           : section == SECTION_HOLDS ? ((const struct hold_record *)entry)->next
                                      : ((const struct edge_record *)entry)->next_of_child;
}

static void check_free_list(struct check *check, enum arena_section section, const char *what)
{
    uint32_t count = used(check, section);
    uint8_t *seen = calloc((size_t)count + 1, 1);
    if (seen == NULL)
        return;
    for (unsigned shard = 0; shard < ARENA_SHARDS; shard++) {
        const struct arena_shard *lists = &check->header->shards[shard];
        for (uint32_t id = section == SECTION_HANDLES ? lists->free_handles : section == SECTION_HOLDS ? lists->free_holds : lists->free_edges; id != 0;) {
            const void *entry = record(check, section, id);
            bool again = entry != NULL && seen[id];
            SETTLED(check, entry != NULL, offsetof(struct arena_header, shards) + shard * sizeof *lists, "the list of free %ss leads to %u, and there are %u", what, id, count);
            SETTLED(check, !again, place(check, section, id), "the list of free %ss is a circle, or is that of two shards", what);
            if (entry == NULL || again)
                break;
            seen[id] = 1;
            SETTLED(check, is_free(section, entry), place(check, section, id), "%s %u is in use, and in the list of free ones", what, id);
            id = next_free(section, entry);
        }
    }
    for (uint32_t id = 1; id < count; id++) {
        const void *entry = record(check, section, id);
        SETTLED(check, !is_free(section, entry) || seen[id], place(check, section, id), "%s %u is free, and not in the list of free ones: it is lost", what, id);
    }
    free(seen);
}

static void check_handles(struct check *check)
{
    for (uint32_t id = 1; id < used(check, SECTION_HANDLES); id++) {
        const struct handle_record *handle = handle_at(check, id);
        uint64_t offset = place(check, SECTION_HANDLES, id);
        ALWAYS(check, handle->state <= HANDLE_BURIED && handle->cause < CAUSE_COUNT, offset, "handle %u is in a state that there is not", id);
        ALWAYS(check, is_stack(check, handle->birth_stack) && is_stack(check, handle->loan_stack) && is_stack(check, handle->death_stack), offset, "handle %u names a stack that is not there", id);
        ALWAYS(check, handle->shard < ARENA_SHARDS, offset, "handle %u is in a shard that there is not", id);
        ALWAYS(check, (handle->flags & HANDLE_NUMBER) != 0 || is_string(check, handle->label), offset, "the label of handle %u is no string", id);
        ALWAYS(check, handle->killer < used(check, SECTION_HANDLES), offset, "handle %u names a handle that is not there", id);
        SETTLED(check, (handle->flags & HANDLE_FENCED) == 0 || handle->fence_next < used(check, SECTION_HANDLES), offset, "handle %u shares its fence with a handle that is not there", id);
        SETTLED(check, handle->state == HANDLE_FREE_RECORD || handle->address != 0, offset, "handle %u has no address", id);
        SETTLED(check, (handle->flags & HANDLE_FENCED) == 0 || handle->state == HANDLE_BURIED, offset, "handle %u is fenced, and not buried", id);
    }
    check_chains(check, SECTION_HANDLES, SECTION_HANDLE_BUCKETS, "handle", next_handle, is_known, hash_handle);
    check_free_list(check, SECTION_HANDLES, "handle");
}

static void check_lists_of(struct check *check, uint32_t id, uint8_t *in_parent, uint8_t *in_child)
{
    const struct handle_record *handle = handle_at(check, id);
    uint64_t offset = place(check, SECTION_HANDLES, id);
    const struct edge_record *first = edge_at(check, handle->first_child);
    uint32_t before = 0, count = 0;
    bool dead = false, buried_throughout = handle->state == HANDLE_BURIED && (first == NULL || first->dead), among_the_dead = false;
    for (uint32_t edge = handle->first_child; edge != 0;) {
        const struct edge_record *link = edge_at(check, edge);
        bool fine = link != NULL && link->type != EDGE_NONE && link->parent == id && (before == 0 || link->previous_of_parent == before) && !in_parent[edge];
        SETTLED(check, fine, link != NULL ? place(check, SECTION_EDGES, edge) : offset, "the children of handle %u: relation %u does not belong there, or is linked wrongly", id, edge);
        if (link == NULL || in_parent[edge])
            break;
        SETTLED(check, !dead || link->dead, place(check, SECTION_EDGES, edge), "the children of handle %u: relation %u to one that lives lies behind those to the dead", id, edge);
        dead = dead || link->dead;
        in_parent[edge] = 1;
        before = edge;
        edge = link->next_of_parent;
    }
    SETTLED(check, first == NULL || first->previous_of_parent == before, place(check, SECTION_EDGES, handle->first_child),
            "the children of handle %u: relation %u is linked wrongly, it should know that the last is %u", id, handle->first_child, before);
    for (uint32_t edge = handle->first_parent; edge != 0; count++) {
        const struct edge_record *link = edge_at(check, edge);
        bool fine = link != NULL && link->type != EDGE_NONE && link->child == id && !in_child[edge];
        SETTLED(check, fine, link != NULL ? place(check, SECTION_EDGES, edge) : offset, "the parents of handle %u: relation %u does not belong there", id, edge);
        if (link == NULL || in_child[edge])
            break;
        in_child[edge] = 1;
        among_the_dead = among_the_dead || link->dead;
        edge = link->next_of_child;
    }
    SETTLED(check, !among_the_dead || buried_throughout, offset, "handle %u lives, or something below it does, and a parent has it among the dead", id);
    SETTLED(check, handle->parents == (count < UINT8_MAX ? count : UINT8_MAX), offset, "handle %u counts %u parents, and %u are there", id, handle->parents, count);
}

/* Nobody lives in himself: take away, again and again, who has no parents left. */
static void check_circles(struct check *check)
{
    uint32_t handles = used(check, SECTION_HANDLES), edges = used(check, SECTION_EDGES), begin = 0, end = 0, left = 0;
    uint32_t *parents = calloc((size_t)handles + 1, sizeof *parents), *ready = calloc((size_t)handles + 1, sizeof *ready);
    for (uint32_t id = 1; parents != NULL && ready != NULL && id < edges; id++) {
        const struct edge_record *edge = edge_at(check, id);
        if (edge->type != EDGE_NONE && edge->child != 0 && edge->child < handles)
            parents[edge->child]++;
    }
    for (uint32_t id = 1; parents != NULL && ready != NULL && id < handles; id++)
        if (parents[id] == 0)
            ready[end++] = id;
    while (begin < end) {
        const struct handle_record *handle = handle_at(check, ready[begin++]);
        uint32_t steps = 0;
        const struct edge_record *edge;
        for (uint32_t id = handle->first_child; (edge = edge_at(check, id)) != NULL && steps < edges; id = edge->next_of_parent, steps++)
            if (edge->child != 0 && edge->child < handles && parents[edge->child] != 0 && --parents[edge->child] == 0)
                ready[end++] = edge->child;
    }
    for (uint32_t id = 1; parents != NULL && id < handles && left == 0; id++)
        if (parents[id] != 0)
            left = id;
    SETTLED(check, left == 0, place(check, SECTION_HANDLES, left), "handle %u is, by its relations, inside itself or below one that is", left);
    free(parents);
    free(ready);
}

static void check_edges(struct check *check)
{
    uint32_t edges = used(check, SECTION_EDGES);
    uint8_t *in_parent = calloc((size_t)edges + 1, 1), *in_child = calloc((size_t)edges + 1, 1);
    for (uint32_t id = 1; id < edges; id++) {
        const struct edge_record *edge = edge_at(check, id);
        ALWAYS(check, edge->type <= EDGE_NEEDED, place(check, SECTION_EDGES, id), "relation %u is of a sort that there is not", id);
        ALWAYS(check, edge->dead <= 1, place(check, SECTION_EDGES, id), "relation %u is neither dead nor not", id);
        const struct handle_record *parent = handle_at(check, edge->parent), *child = handle_at(check, edge->child);
        bool fine = edge->type == EDGE_NONE || (parent != NULL && child != NULL && parent->state != HANDLE_FREE_RECORD && child->state != HANDLE_FREE_RECORD);
        SETTLED(check, fine, place(check, SECTION_EDGES, id), "relation %u leads to a handle that is not there", id);
        SETTLED(check, edge->type == EDGE_NONE || !fine || parent->shard == child->shard, place(check, SECTION_EDGES, id), "relation %u joins handles of two shards", id);
    }
    for (uint32_t id = 1; in_parent != NULL && in_child != NULL && id < used(check, SECTION_HANDLES); id++)
        if (handle_at(check, id)->state != HANDLE_FREE_RECORD)
            check_lists_of(check, id, in_parent, in_child);
    for (uint32_t id = 1; in_parent != NULL && in_child != NULL && id < edges; id++)
        SETTLED(check, edge_at(check, id)->type == EDGE_NONE || (in_parent[id] && in_child[id]), place(check, SECTION_EDGES, id), "relation %u is in no list of its parent, or of its child", id);
    free(in_parent);
    free(in_child);
    check_free_list(check, SECTION_EDGES, "relation");
    check_circles(check);
}

static void check_queue(struct check *check)
{
    const struct arena_header *header = check->header;
    const uint64_t offset = offsetof(struct arena_header, hold_head);
    uint32_t before = 0, count = 0, held = 0, limit = used(check, SECTION_HANDLES);
    for (uint32_t id = header->hold_head; id != 0 && count <= limit; count++) {
        const struct handle_record *handle = handle_at(check, id);
        const struct hold_record *hold = handle != NULL && handle->state == HANDLE_HELD ? record(check, SECTION_HOLDS, handle->hold) : NULL;
        SETTLED(check, hold != NULL && hold->handle == id && hold->previous == before, handle != NULL ? place(check, SECTION_HANDLES, id) : offset,
                "the queue of postponed frees: handle %u does not belong there, or is linked wrongly", id);
        if (hold == NULL)
            break;
        before = id;
        id = hold->next;
    }
    SETTLED(check, before == header->hold_tail && count == header->hold_count, offset, "the queue of postponed frees has %u, and should have %u and end with handle %u", count, header->hold_count,
            header->hold_tail);
    for (uint32_t id = 1; id < limit; id++)
        held += handle_at(check, id)->state == HANDLE_HELD;
    SETTLED(check, held == count, offset, "%u handles are held, and %u are in the queue of postponed frees", held, count);
    for (uint32_t id = 1; id < used(check, SECTION_HOLDS); id++) {
        const struct hold_record *hold = record(check, SECTION_HOLDS, id);
        const struct handle_record *handle = handle_at(check, hold->handle);
        SETTLED(check, hold->handle == 0 || (handle != NULL && handle->state == HANDLE_HELD && handle->hold == id), place(check, SECTION_HOLDS, id), "postponed free %u is of a handle that is not held", id);
    }
    check_free_list(check, SECTION_HOLDS, "postponed free");
}

static void check_fences(struct check *check)
{
    const struct arena_header *header = check->header;
    const uint64_t offset = offsetof(struct arena_header, fence_head);
    uint32_t capacity = header->sections[SECTION_FENCES].capacity, slots = capacity > 1 ? capacity - 1 : 0, handles = used(check, SECTION_HANDLES);
    uint64_t count = header->fence_head - header->fence_tail, bytes = 0, fenced = 0, covered = 0;
    SETTLED(check, count <= slots, offset, "%llu fences, and there is room for %u", (unsigned long long)count, slots);
    for (uint64_t number = header->fence_tail; count <= slots && number != header->fence_head; number++) {
        uint32_t slot = 1 + (uint32_t)(number % slots), steps = 0;
        const struct fence_record *fence = record(check, SECTION_FENCES, slot);
        if (fence == NULL)
            break;
        bytes += fence->bytes;
        SETTLED(check, fence->block != 0, place(check, SECTION_FENCES, slot), "fence %llu keeps back no block", (unsigned long long)number);
        for (uint32_t id = fence->first_handle; id != 0 && steps <= handles; steps++) {
            const struct handle_record *handle = handle_at(check, id);
            bool fine = handle != NULL && (handle->flags & HANDLE_FENCED) != 0;
            SETTLED(check, fine, place(check, SECTION_FENCES, slot), "fence %llu covers handle %u, which is not fenced", (unsigned long long)number, id);
            if (!fine)
                break;
            covered++;
            id = handle->fence_next;
        }
    }
    for (uint32_t id = 1; id < handles; id++)
        fenced += (handle_at(check, id)->flags & HANDLE_FENCED) != 0;
    SETTLED(check, covered == fenced, offset, "%llu handles are fenced, and fences cover %llu", (unsigned long long)fenced, (unsigned long long)covered);
    SETTLED(check, bytes == header->fence_bytes, offset, "fences keep back %llu bytes, and %llu are counted", (unsigned long long)bytes, (unsigned long long)header->fence_bytes);
}

/* ---- young handles ---------------------------------------------------------------------------------------------------------------------- */

static bool fits_in(uint64_t at, uint64_t bytes, uint64_t whole)
{
    return bytes <= whole && at <= whole - bytes;
}

static bool own_is_described(struct check *check)
{
    const struct arena_own *own = &check->header->own;
    const uint64_t offset = offsetof(struct arena_header, own), room = (uint64_t)used(check, SECTION_OWN) * ARENA_OWN_UNIT;
    ALWAYS(check, own->sets == 0 || own->set_bytes != 0, offset, "there are %u sets of young handles, of no size", own->sets);
    if (own->set_bytes == 0)
        return false;
    const uint16_t fields[] = {own->at_address, own->at_birth, own->at_stack, own->at_loan_stack, own->at_serial, own->at_above, own->at_state, own->at_number, own->at_holders, own->at_provider, own->at_flags};
    bool fine = own->births == 0 || (own->birth_bytes != 0 && fits_in(own->births_offset, own->births * sizeof(struct arena_birth), room));
    fine = fine && fits_in(own->names_offset, own->names_bytes, room) && sets_fit(check->header);
    fine = fine && fits_in(own->at_thread, 4, own->set_bytes) && fits_in(own->at_busy, 1, own->set_bytes) && fits_in(own->at_unused, 2, own->set_bytes) &&
           fits_in(own->at_entries, (uint64_t)own->entries * own->entry_bytes, own->set_bytes);
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        fine = fine && fits_in(fields[i], 8, own->entry_bytes);
    fine = fine && fits_in(own->at_parents, own->parents * sizeof(uint64_t), own->entry_bytes);
    ALWAYS(check, fine, offset, "the description of young handles does not fit where they lie");
    return fine;
}

static uint16_t number_16(const uint8_t *at)
{
    uint16_t number;
    memcpy(&number, at, sizeof number);
    return number;
}

static void check_young(struct check *check)
{
    const struct arena_own *own = &check->header->own;
    if (!own_is_described(check))
        return;
    const bool locked = check->open;
    for (uint32_t set = 0; set < own->sets; set++) {
        uint64_t offset = set_offset(check->header, set);
        const uint8_t *bytes = check->image->bytes + offset;
        uint16_t unused = number_16(bytes + own->at_unused);
        check->open = locked || bytes[own->at_busy] != 0 || (check->image->moving_set != NULL && check->image->moving_set[set]);
        ALWAYS(check, unused <= own->entries, offset + own->at_unused, "set %u of young handles has %u, and room for %u", set, unused, own->entries);
        for (uint32_t index = 1; index < unused && index < own->entries; index++) {
            const uint8_t *entry = bytes + own->at_entries + (uint64_t)index * own->entry_bytes;
            uint64_t address, birth, from;
            uint32_t stack, loan_stack;
            memcpy(&address, entry + own->at_address, sizeof address);
            memcpy(&birth, entry + own->at_birth, sizeof birth);
            memcpy(&stack, entry + own->at_stack, sizeof stack);
            memcpy(&loan_stack, entry + own->at_loan_stack, sizeof loan_stack);
            uint8_t state = entry[own->at_state];
            if (state != own->state_live && state != own->state_held)
                continue;
            uint16_t above = number_16(entry + own->at_above);
            uint64_t where = (uint64_t)(entry - check->image->bytes);
            from = birth - own->births_address;
            SETTLED(check, address != 0 && is_stack(check, stack) && is_stack(check, loan_stack), where, "young handle %u of set %u has no address, or a stack that is not there", index, set);
            SETTLED(check, own->births == 0 || (birth >= own->births_address && from % own->birth_bytes == 0 && from / own->birth_bytes < own->births), where,
                    "young handle %u of set %u was born by nothing that is known", index, set);
            const uint8_t *lender = bytes + own->at_entries + (uint64_t)above * own->entry_bytes;
            bool lent = above < unused && above < own->entries && (lender[own->at_state] == own->state_live || lender[own->at_state] == own->state_held);
            SETTLED(check, above == 0 || lent, where, "young handle %u of set %u was lent by %u, which does not live", index, set, above);
        }
    }
    check->open = locked;
}

struct arena_faults arena_check(const struct arena_image *image, arena_teller tell, void *context)
{
    struct check check = {.image = image, .header = header_of(image), .tell = tell, .context = context};
    check_sections(&check);
    check.open = image->moving || (check.header->depot_changes & 1) != 0;
    check_strings(&check);
    check_stacks(&check);
    check_events(&check);
    check.open = image->moving;
    for (unsigned shard = 0; shard < ARENA_SHARDS; shard++)
        check.open = check.open || (check.header->shards[shard].changes & 1) != 0;
    check_handles(&check);
    check_edges(&check);
    check_queue(&check);
    check_fences(&check);
    check_young(&check);
    return check.faults;
}
