/* The reader: see reader.h. It runs in the tools' own process, so it may allocate and use stdio; it is not for a preloaded library.
 *
 * Why it copies and does not map: a mapped file that somebody truncates kills its reader with SIGBUS, and a record that changes
 * between check and use defeats the check. Nothing here writes to the file.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* O_CLOEXEC, pread */
#endif
#include "reader.h"
#include "internal.h"
#include "rules.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ALL_SECTIONS(X)                                                                                              \
    X(SECTION_HANDLES, struct handle_record)                                                                         \
    X(SECTION_HANDLE_BUCKETS, uint32_t)                                                                              \
    X(SECTION_HOLDS, struct hold_record)                                                                             \
    X(SECTION_EDGES, struct edge_record)                                                                             \
    X(SECTION_STACKS, struct stack_record)                                                                           \
    X(SECTION_STACK_BUCKETS, uint32_t)                                                                               \
    X(SECTION_WORDS, uint64_t)                                                                                       \
    X(SECTION_PYTHON_FRAMES, struct python_frame_record)                                                             \
    X(SECTION_PYTHON_BUCKETS, uint32_t)                                                                              \
    X(SECTION_STRINGS, char)                                                                                         \
    X(SECTION_STRING_BUCKETS, uint32_t)                                                                              \
    X(SECTION_STRING_INDEX, struct string_index_record)                                                              \
    X(SECTION_MODULES, struct module_record)                                                                         \
    X(SECTION_EVENTS, struct event_record)                                                                           \
    X(SECTION_FENCES, struct fence_record)                                                                           \
    X(SECTION_THREADS, struct thread_record)                                                                         \
    X(SECTION_OWN, struct arena_own_unit)

struct arena_own_unit {
    uint8_t bytes[ARENA_OWN_UNIT];
};

static const uint32_t record_bytes[SECTION_COUNT] = {
#define X(section, type) [section] = sizeof(type),
    ALL_SECTIONS(X)
#undef X
};

/* What names before what is named: handles name stacks, stacks name frames and modules, all name strings, and none of the latter is
 * ever taken back. So a live process may go on while we copy. Buckets and the string index only help the writer. */
static const enum arena_section copy_order[] = {
    SECTION_THREADS, SECTION_EVENTS, SECTION_OWN,   SECTION_FENCES,        SECTION_EDGES,   SECTION_HANDLES, SECTION_HOLDS,
    SECTION_STACKS, SECTION_WORDS, SECTION_PYTHON_FRAMES, SECTION_MODULES, SECTION_STRINGS,
};

/* ---- the file ------------------------------------------------------------------------------------------------------- */

uint64_t reader_read_at(int file, void *to, uint64_t bytes, uint64_t offset)
{
    uint64_t done = 0;
    while (done < bytes) {
        ssize_t got = pread(file, (uint8_t *)to + done, (size_t)(bytes - done), (off_t)(offset + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        done += (uint64_t)got;
    }
    return done;
}

static bool sections_fit(const struct arena_header *header)
{
    for (int section = 0; section < SECTION_COUNT; section++) {
        const struct arena_section_header *part = &header->sections[section];
        uint64_t bytes = (uint64_t)part->capacity * record_bytes[section];
        if (part->record_bytes != record_bytes[section] || part->offset < ARENA_HEADER_BYTES || part->offset % 64 != 0 ||
            part->offset > header->total_bytes || bytes > header->total_bytes - part->offset)
            return false;
    }
    return true;
}

static bool check_header(const struct arena_header *header, uint64_t header_read, uint64_t file_bytes, const char *path,
                         char *error, size_t error_bytes)
{
    const uint64_t magic_and_version = offsetof(struct arena_header, header_bytes);
    if (header_read == 0)
        snprintf(error, error_bytes, "%s is empty", path);
    else if (memcmp(header->magic, ARENA_MAGIC, header_read < sizeof header->magic ? header_read : sizeof header->magic) != 0)
        snprintf(error, error_bytes, "%s is no arena of Holdfast", path);
    else if (header_read >= magic_and_version && header->version != ARENA_VERSION)
        snprintf(error, error_bytes, "%s was written by Holdfast with arena version %u; this build reads %u", path,
                 header->version, ARENA_VERSION);
    else if (header_read < sizeof *header || file_bytes < ARENA_HEADER_BYTES)
        snprintf(error, error_bytes, "%s is truncated: it has %llu bytes, and the header alone %u", path,
                 (unsigned long long)file_bytes, ARENA_HEADER_BYTES);
    else if (header->state == ARENA_BUILDING)
        snprintf(error, error_bytes, "%s is not finished: the process that makes it is still at it, or died over it", path);
    else if (header->layout_sum != arena_layout_sum(header->sections) || header->header_bytes != ARENA_HEADER_BYTES ||
             header->state >= ARENA_STATE_COUNT)
        snprintf(error, error_bytes, "%s has a damaged header: its check sum does not match", path);
    else if (file_bytes < header->total_bytes)
        snprintf(error, error_bytes, "%s is truncated: it has %llu of %llu bytes", path, (unsigned long long)file_bytes,
                 (unsigned long long)header->total_bytes);
    else if (!sections_fit(header))
        snprintf(error, error_bytes, "%s has a damaged header: its sections do not fit it", path);
    else
        return true;
    return false;
}

bool reader_accepts(const struct arena_header *header, uint64_t file_bytes, const char *path, char *error, size_t error_bytes)
{
    return check_header(header, sizeof *header, file_bytes, path, error, error_bytes);
}

static bool copy_section(struct reader *reader, int file, enum arena_section section, const char *path, char *error,
                         size_t error_bytes)
{
    struct arena_section_header part;
    uint64_t place = offsetof(struct arena_header, sections) + (uint64_t)section * sizeof part;
    if (reader_read_at(file, &part, sizeof part, place) != sizeof part) {
        snprintf(error, error_bytes, "%s was truncated while it was read", path);
        return false;
    }
    /* Only `used` may differ from the header that was checked. */
    const struct arena_section_header *checked = &reader->header.sections[section];
    bool ring = section == SECTION_EVENTS || section == SECTION_FENCES || section == SECTION_THREADS;
    uint32_t used = part.used < checked->capacity && !ring ? part.used : checked->capacity;
    uint64_t bytes = (uint64_t)used * record_bytes[section];
    uint8_t *records = malloc(bytes + 1);
    if (records == NULL) {
        snprintf(error, error_bytes, "not enough memory to read %s: it needs %llu bytes more", path,
                 (unsigned long long)bytes);
        return false;
    }
    reader->sections[section].records = records;
    reader->sections[section].used = used;
    if (reader_read_at(file, records, bytes, checked->offset) != bytes) {
        snprintf(error, error_bytes, "%s was truncated while it was read", path);
        return false;
    }
    records[bytes] = 0; /* the last string ends, whatever the file says */
    return true;
}

/* ---- making the copy harmless --------------------------------------------------------------------------------------- */

static void tame_handles(struct reader *reader)
{
    struct handle_record *handle = reader->sections[SECTION_HANDLES].records;
    for (uint32_t id = 0; id < reader->sections[SECTION_HANDLES].used; id++) {
        if (handle[id].state > HANDLE_BURIED)
            handle[id].state = HANDLE_FREE_RECORD;
        if (handle[id].cause >= CAUSE_COUNT)
            handle[id].cause = CAUSE_NONE;
    }
}

static void tame_edges(struct reader *reader)
{
    struct edge_record *edge = reader->sections[SECTION_EDGES].records;
    for (uint32_t id = 0; id < reader->sections[SECTION_EDGES].used; id++)
        if (edge[id].type > EDGE_NEEDED)
            edge[id].type = EDGE_NONE;
}

static void tame_events(struct reader *reader)
{
    struct event_record *event = reader->sections[SECTION_EVENTS].records;
    for (uint32_t id = 0; id < reader->sections[SECTION_EVENTS].used; id++) {
        if (event[id].type >= EVENT_TYPE_COUNT)
            event[id].type = EVENT_none;
        if (event[id].action >= ACTION_COUNT)
            event[id].action = ACTION_logged;
    }
}

static void tame_threads(struct reader *reader)
{
    struct thread_record *thread = reader->sections[SECTION_THREADS].records;
    for (uint32_t id = 0; id < reader->sections[SECTION_THREADS].used; id++)
        thread[id].name[sizeof thread[id].name - 1] = '\0';
}

static void tame_modules(struct reader *reader)
{
    struct module_record *module = reader->sections[SECTION_MODULES].records;
    for (uint32_t id = 0; id < reader->sections[SECTION_MODULES].used; id++)
        if (module[id].build_id_bytes > sizeof module[id].build_id)
            module[id].build_id_bytes = sizeof module[id].build_id;
}

/* The ring is a window on [.., event_count). What was overwritten while we copied is left out, and so is the record that was next in turn
 * and may have been half written. */
static void find_events(struct reader *reader, uint64_t count_before, uint64_t count_after)
{
    uint32_t used = reader->sections[SECTION_EVENTS].used;
    uint64_t slots = used > 1 ? used - 1 : 0;
    if (count_after < count_before)
        count_after = count_before;
    reader->event_end = count_before;
    reader->event_begin = count_after >= slots ? count_after - slots + 1 : 0;
    if (slots == 0 || reader->event_begin > reader->event_end)
        reader->event_begin = reader->event_end;
}

static void tame_own(struct reader *reader);

static bool copy_arena(struct reader *reader, int file, const char *path, char *error, size_t error_bytes)
{
    struct stat about;
    if (fstat(file, &about) != 0 || !S_ISREG(about.st_mode)) {
        snprintf(error, error_bytes, "%s is not a regular file", path);
        return false;
    }
    uint64_t header_read = reader_read_at(file, &reader->header, sizeof reader->header, 0);
    if (!check_header(&reader->header, header_read, (uint64_t)about.st_size, path, error, error_bytes))
        return false;
    for (size_t i = 0; i < sizeof copy_order / sizeof copy_order[0]; i++) {
        if (!copy_section(reader, file, copy_order[i], path, error, error_bytes))
            return false;
        if (copy_order[i] == SECTION_EVENTS) {
            uint64_t before = reader->header.event_count, after = before;
            reader_read_at(file, &after, sizeof after, offsetof(struct arena_header, event_count));
            find_events(reader, before, after);
        }
    }
    reader->header.program[sizeof reader->header.program - 1] = '\0';
    reader->header.host[sizeof reader->header.host - 1] = '\0';
    reader->header.worker[sizeof reader->header.worker - 1] = '\0';
    tame_own(reader);
    tame_handles(reader);
    tame_edges(reader);
    tame_events(reader);
    tame_modules(reader);
    tame_threads(reader);
    return true;
}

/* ---- what the writer keeps of its own ------------------------------------------------------------------------------------ */

static const uint8_t *own_bytes(const struct reader *reader, uint64_t offset, uint64_t bytes)
{
    uint64_t room = (uint64_t)reader->sections[SECTION_OWN].used * ARENA_OWN_UNIT;
    if (bytes > room || offset > room - bytes)
        return NULL;
    return (const uint8_t *)reader->sections[SECTION_OWN].records + offset;
}

static uint64_t set_stride(const struct arena_own *own)
{
    return (own->set_bytes + (uint64_t)ARENA_OWN_UNIT - 1) / ARENA_OWN_UNIT * ARENA_OWN_UNIT;
}

static bool fits(uint64_t at, uint64_t bytes, uint64_t whole)
{
    return bytes <= whole && at <= whole - bytes;
}

/* What threads counted and did not add to the header's counters yet. */
static void add_counts(struct reader *reader)
{
    const struct arena_own *own = &reader->header.own;
    if (own->counts > sizeof own->counter || !fits(own->at_counts, own->counts * sizeof(uint64_t), own->set_bytes) || !fits(own->at_published, own->counts * sizeof(uint64_t), own->set_bytes))
        return;
    for (uint32_t set = 0; set < own->sets; set++) {
        const uint8_t *bytes = own_bytes(reader, own->sets_offset + set * set_stride(own), own->set_bytes);
        for (unsigned i = 0; i < own->counts; i++) {
            uint64_t count, published;
            memcpy(&count, bytes + own->at_counts + i * sizeof count, sizeof count);
            memcpy(&published, bytes + own->at_published + i * sizeof published, sizeof published);
            if (own->counter[i] < COUNTER_COUNT && count > published)
                reader->header.counters[own->counter[i]] += count - published;
        }
    }
}

/* What does not fit is taken as not there. */
static void tame_own(struct reader *reader)
{
    struct arena_own *own = &reader->header.own;
    const uint16_t fields[] = {own->at_address, own->at_birth, own->at_stack, own->at_loan_stack, own->at_serial, own->at_above, own->at_state, own->at_number, own->at_holders, own->at_provider};
    bool fine = fits(own->at_thread, 4, own->set_bytes) && fits(own->at_unused, 2, own->set_bytes) &&
                fits(own->at_entries, (uint64_t)own->entries * own->entry_bytes, own->set_bytes) && own_bytes(reader, own->sets_offset, own->sets * set_stride(own)) != NULL;
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        fine = fine && fits(fields[i], 8, own->entry_bytes);
    if (!fine)
        own->sets = 0;
    if (own->birth_bytes == 0 || own_bytes(reader, own->births_offset, own->births * sizeof(struct arena_birth)) == NULL)
        own->births = 0;

    add_counts(reader);
    const char *names = (const char *)own_bytes(reader, own->names_offset, own->names_bytes);
    uint64_t count = (uint64_t)own->kinds + own->functions, found = 0;
    reader->names = names != NULL && count <= own->names_bytes ? calloc(count + 1, sizeof *reader->names) : NULL;
    for (uint32_t at = 0; reader->names != NULL && found < count && at < own->names_bytes; found++) {
        reader->names[found] = at;
        at += (uint32_t)strnlen(names + at, own->names_bytes - at) + 1;
    }
    if (reader->names == NULL || found < count || own->names_bytes == 0 || names[own->names_bytes - 1] != '\0')
        own->kinds = own->functions = 0;
}

static const char *name_of(const struct reader *reader, uint64_t number)
{
    return (const char *)own_bytes(reader, reader->header.own.names_offset, reader->header.own.names_bytes) + reader->names[number];
}

const char *reader_kind_name(const struct reader *reader, unsigned kind)
{
    return kind < reader->header.own.kinds ? name_of(reader, kind) : "";
}

const char *reader_function_name(const struct reader *reader, unsigned function)
{
    return function < reader->header.own.functions ? name_of(reader, (uint64_t)reader->header.own.kinds + function) : "";
}

static void read_young(const struct reader *reader, const uint8_t *set, const uint8_t *entry, struct reader_young *young)
{
    const struct arena_own *own = &reader->header.own;
    uint64_t birth;
    uint16_t above;
    *young = (struct reader_young){.held = entry[own->at_state] == own->state_held};
    memcpy(&young->thread, set + own->at_thread, sizeof young->thread);
    memcpy(&young->address, entry + own->at_address, sizeof young->address);
    memcpy(&young->birth_stack, entry + own->at_stack, sizeof young->birth_stack);
    memcpy(&young->serial, entry + own->at_serial, sizeof young->serial);
    memcpy(&young->number, entry + own->at_number, sizeof young->number);
    memcpy(&young->holders, entry + own->at_holders, sizeof young->holders);
    memcpy(&birth, entry + own->at_birth, sizeof birth);
    memcpy(&above, entry + own->at_above, sizeof above);
    birth -= own->births_address;
    if (own->births == 0 || birth / own->birth_bytes >= own->births)
        return;
    struct arena_birth what;
    memcpy(&what, own_bytes(reader, own->births_offset + birth / own->birth_bytes * sizeof what, sizeof what), sizeof what);
    young->kind = what.kind;
    young->function = what.function;
    young->borrowed = (what.flags & ARENA_BIRTH_BORROWED) != 0 || above != 0; /* lent, or given away since */
    young->numbered = (what.flags & ARENA_BIRTH_NUMBERED) != 0;
}

bool reader_next_young(const struct reader *reader, uint32_t *set, uint32_t *index, struct reader_young *young)
{
    const struct arena_own *own = &reader->header.own;
    for (; *set < own->sets; ++*set, *index = 0) {
        const uint8_t *bytes = own_bytes(reader, own->sets_offset + *set * set_stride(own), own->set_bytes);
        uint16_t unused;
        memcpy(&unused, bytes + own->at_unused, sizeof unused);
        while (++*index < unused && *index < own->entries) {
            const uint8_t *entry = bytes + own->at_entries + (uint64_t)*index * own->entry_bytes;
            if (entry[own->at_state] != own->state_live && entry[own->at_state] != own->state_held)
                continue;
            read_young(reader, bytes, entry, young);
            return true;
        }
    }
    return false;
}

bool reader_open(struct reader *reader, const char *path, char *error, size_t error_bytes)
{
    *reader = (struct reader){0};
    /* A FIFO or a device given by mistake must not block before it is recognised. */
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (file < 0) {
        snprintf(error, error_bytes, "cannot open %s: %s", path, strerror(errno));
        return false;
    }
    bool copied = copy_arena(reader, file, path, error, error_bytes);
    close(file);
    if (!copied)
        reader_close(reader);
    return copied;
}

void reader_close(struct reader *reader)
{
    for (int section = 0; section < SECTION_COUNT; section++)
        free(reader->sections[section].records);
    free(reader->names);
    *reader = (struct reader){0};
}

/* ---- records -------------------------------------------------------------------------------------------------------- */

const void *reader_record(const struct reader *reader, enum arena_section section, uint32_t id)
{
    if (id == 0 || id >= reader->sections[section].used)
        return NULL;
    return (const uint8_t *)reader->sections[section].records + (uint64_t)id * record_bytes[section];
}

const struct handle_record *reader_handle(const struct reader *reader, uint32_t id)
{
    const struct handle_record *handle = reader_record(reader, SECTION_HANDLES, id);
    return handle != NULL && handle->state != HANDLE_FREE_RECORD ? handle : NULL;
}

uint32_t reader_next_handle(const struct reader *reader, uint32_t id)
{
    while (id < reader->sections[SECTION_HANDLES].used && ++id < reader->sections[SECTION_HANDLES].used)
        if (reader_handle(reader, id) != NULL)
            return id;
    return 0;
}

const struct handle_record *reader_killer(const struct reader *reader, const struct handle_record *handle)
{
    const struct handle_record *killer = reader_handle(reader, handle->killer);
    return killer != NULL && killer->serial == handle->killer_serial ? killer : NULL;
}

static struct reader_edges edges_of(const struct reader *reader, uint32_t id, bool to_parents)
{
    const struct handle_record *handle = reader_handle(reader, id);
    uint32_t first = handle == NULL ? 0 : to_parents ? handle->first_parent : handle->first_child;
    return (struct reader_edges){reader, first, 0, to_parents};
}

struct reader_edges reader_children(const struct reader *reader, uint32_t handle)
{
    return edges_of(reader, handle, false);
}

struct reader_edges reader_parents(const struct reader *reader, uint32_t handle)
{
    return edges_of(reader, handle, true);
}

const struct edge_record *reader_next_edge(struct reader_edges *edges)
{
    const struct reader *reader = edges->reader;
    const struct edge_record *edge;
    while (edges->steps++ < reader->sections[SECTION_EDGES].used &&
           (edge = reader_record(reader, SECTION_EDGES, edges->next)) != NULL) {
        edges->next = edges->to_parents ? edge->next_of_child : edge->next_of_parent;
        if (edge->type != EDGE_NONE && reader_handle(reader, edge->parent) != NULL &&
            reader_handle(reader, edge->child) != NULL)
            return edge;
    }
    edges->next = 0;
    return NULL;
}

uint32_t reader_next_held(const struct reader *reader, uint32_t id, uint32_t *steps)
{
    if ((*steps)++ >= reader->sections[SECTION_HANDLES].used)
        return 0;
    const struct handle_record *handle = reader_handle(reader, id);
    const struct hold_record *hold = handle != NULL && handle->state == HANDLE_HELD ? reader_record(reader, SECTION_HOLDS, handle->hold) : NULL;
    uint32_t next = id == 0 ? reader->header.hold_head : hold == NULL ? 0 : hold->next;
    handle = reader_handle(reader, next);
    return handle != NULL && handle->state == HANDLE_HELD ? next : 0;
}

/* ---- strings, stacks, modules, events ------------------------------------------------------------------------------- */

const char *reader_string(const struct reader *reader, uint32_t id)
{
    const char *text = reader_record(reader, SECTION_STRINGS, id);
    return text != NULL ? text : "";
}

bool reader_stack(const struct reader *reader, uint32_t id, struct reader_stack *stack)
{
    const struct stack_record *record = reader_record(reader, SECTION_STACKS, id);
    if (record == NULL)
        return false;
    uint32_t words = reader->sections[SECTION_WORDS].used;
    uint32_t wanted = (uint32_t)record->python_count + record->native_count;
    if (record->first_word == 0 || record->first_word > words || wanted > words - record->first_word)
        return false;
    const uint64_t *first = (const uint64_t *)reader->sections[SECTION_WORDS].records + record->first_word;
    *stack = (struct reader_stack){first, first + record->python_count, record->python_count, record->native_count,
                                   record->flags};
    return true;
}

bool reader_python_frame(const struct reader *reader, uint64_t id, struct reader_python_frame *frame)
{
    const struct python_frame_record *record =
        id <= UINT32_MAX ? reader_record(reader, SECTION_PYTHON_FRAMES, (uint32_t)id) : NULL;
    if (record == NULL)
        return false;
    *frame = (struct reader_python_frame){reader_string(reader, record->file), reader_string(reader, record->function),
                                          record->line};
    return true;
}

const struct module_record *reader_module(const struct reader *reader, uint32_t id)
{
    return reader_record(reader, SECTION_MODULES, id);
}

const struct module_record *reader_native_frame(const struct reader *reader, uint64_t word, uint64_t *offset)
{
    *offset = word & STACK_OFFSET_MASK;
    return reader_module(reader, (uint32_t)(word >> STACK_MODULE_SHIFT));
}

bool reader_event(const struct reader *reader, uint64_t number, struct event_record *event)
{
    if (number < reader->event_begin || number >= reader->event_end)
        return false;
    uint32_t slots = reader->sections[SECTION_EVENTS].used - 1;
    *event = *(const struct event_record *)reader_record(reader, SECTION_EVENTS, 1 + (uint32_t)(number % slots));
    return true;
}
