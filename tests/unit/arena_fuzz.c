/* Reading and checking arenas that libFuzzer makes up: whatever a file holds, the reader and the check stay inside it, end, and own up to what they cannot read. For
 * tests/programs/arena_fuzz_test.py.
 *
 * With SEEDS defined it is the program that makes the files to begin with, in the folder of its argument: real arenas, cut down to what is in use.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include "check.h"
#include "internal.h"
#include "reader.h"
#include "rules.h"
#include "tracker.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef SEEDS

static size_t sum; /* so that nothing is left out */

static void require(bool fine)
{
    if (!fine)
        abort();
}

static void read_stack(const struct reader *reader, uint32_t id)
{
    struct reader_stack stack;
    struct reader_python_frame frame;
    uint64_t offset;
    if (!reader_stack(reader, id, &stack))
        return;
    for (unsigned i = 0; i < stack.python_count; i++)
        if (reader_python_frame(reader, stack.python[i], &frame))
            sum += strlen(frame.file) + strlen(frame.function);
    for (unsigned i = 0; i < stack.native_count; i++) {
        const struct module_record *module = reader_native_frame(reader, stack.native[i], &offset);
        require(module == NULL || module->build_id_bytes <= sizeof module->build_id);
        sum += module != NULL ? strlen(reader_string(reader, module->path)) : 0;
    }
}

/* All that a tool does with one. */
static void read_everything(const struct reader *reader)
{
    uint32_t limit = reader->sections[SECTION_HANDLES].used + reader->sections[SECTION_EDGES].used, steps = 0;
    for (uint32_t id = 0; (id = reader_next_handle(reader, id)) != 0;) {
        const struct handle_record *handle = reader_handle(reader, id);
        require(handle->state <= HANDLE_BURIED && handle->cause < CAUSE_COUNT);
        sum += strlen(reader_string(reader, handle->label)) + strlen(reader_kind_name(reader, handle->kind)) + strlen(reader_function_name(reader, handle->birth_function));
        sum += reader_killer(reader, handle) != NULL;
        read_stack(reader, handle->birth_stack);
        struct reader_edges edges[] = {reader_children(reader, id), reader_parents(reader, id)};
        for (unsigned i = 0; i < 2; i++)
            for (uint32_t count = 0; count < 100 && reader_next_edge(&edges[i]) != NULL; count++)
                require(count <= limit);
    }
    for (uint32_t id = 0; (id = reader_next_held(reader, id, &steps)) != 0;)
        require(steps <= limit + 1);
    struct event_record event;
    for (uint64_t number = reader->event_begin; number < reader->event_end; number++) {
        require(reader_event(reader, number, &event) && event.type < EVENT_TYPE_COUNT && event.action < ACTION_COUNT);
        read_stack(reader, event.stack);
        sum += strlen(reader_string(reader, event.label));
    }
    struct reader_young young;
    for (uint32_t set = 0, index = 0; reader_next_young(reader, &set, &index, &young);) {
        sum += strlen(reader_kind_name(reader, young.kind)) + strlen(reader_function_name(reader, young.function));
        read_stack(reader, young.birth_stack);
    }
}

static void hear(enum arena_fault fault, uint64_t offset, const char *sentence, void *context)
{
    (void)fault;
    require(offset <= *(uint64_t *)context);
    sum += strlen(sentence);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int file = -1;
    static char path[40];
    if (file < 0) {
        file = memfd_create("arena", MFD_CLOEXEC);
        snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    }
    uint8_t *bytes = malloc(size + 1);
    memcpy(bytes, data, size);
    if (size >= sizeof(struct arena_header) && (data[size - 1] & 7) != 0) { /* what a fuzzer guesses once in a life of the sun; mostly */
        struct arena_header *header = (struct arena_header *)(void *)bytes;
        memcpy(header->magic, ARENA_MAGIC, sizeof header->magic);
        header->version = ARENA_VERSION;
        header->header_bytes = ARENA_HEADER_BYTES;
        header->total_bytes = header->total_bytes < size ? header->total_bytes : size;
        header->layout_sum = arena_layout_sum(header->sections);
    }
    require(ftruncate(file, 0) == 0 && pwrite(file, bytes, size, 0) == (ssize_t)size);
    free(bytes);
    char error[256] = "";
    struct reader reader;
    struct arena_image image;
    bool opened = reader_open(&reader, path, error, sizeof error);
    require(opened || error[0] != '\0');
    if (opened) {
        read_everything(&reader);
        reader_close(&reader);
    }
    bool imaged = arena_image_read(&image, path, error, sizeof error);
    require(imaged == opened);
    if (imaged) {
        uint64_t end = image.size;
        arena_check(&image, hear, &end);
        arena_image_free(&image);
    }
    return 0;
}

#else

static struct tracker tracker;

/* A file with the sections of the tracker behind each other, with room for little more than what is in them. */
static void write_small(const char *path)
{
    static uint8_t bytes[1 << 18];
    struct arena_header header = *tracker_header(&tracker);
    uint64_t offset = ARENA_HEADER_BYTES;
    memset(bytes, 0, sizeof bytes);
    for (int section = 0; section < SECTION_COUNT; section++) {
        struct arena_section_header *part = &header.sections[section];
        uint32_t records = part->used;
        if (section == SECTION_EVENTS)
            records = part->used = (uint32_t)header.event_count + 3;
        if (section == SECTION_FENCES)
            records = part->used = (uint32_t)header.fence_head + 3;
        memcpy(bytes + offset, tracker.base + part->offset, (uint64_t)records * part->record_bytes);
        part->offset = offset;
        part->capacity = records;
        offset = (offset + (uint64_t)records * part->record_bytes + 63) / 64 * 64;
    }
    header.total_bytes = offset;
    header.layout_sum = arena_layout_sum(header.sections);
    memcpy(bytes, &header, sizeof header);
    bytes[offset++] = 1;
    FILE *stream = fopen(path, "w");
    if (stream == NULL || fwrite(bytes, 1, offset, stream) != offset || fclose(stream) != 0)
        exit(1);
}

struct set {
    int32_t thread;
    bool busy;
    uint16_t unused;
    uint64_t counts[1], published[1];
    struct {
        uint64_t address, birth;
        uint32_t stack, loan_stack, serial, number;
        uint16_t above, holders;
        uint8_t state, provider, fill[26];
    } entries[4];
};

static void add_young(stack_id stack)
{
    struct arena_own *own = &tracker_header(&tracker)->own;
    struct set *set = tracker_take_own(&tracker, sizeof *set, &own->sets_offset);
    struct arena_birth *births = tracker_take_own(&tracker, 2 * sizeof *births, &own->births_offset);
    char *names = tracker_take_own(&tracker, 40, &own->names_offset);
    memcpy(names, "none\0band\0open\0close", 21);
    births[1] = (struct arena_birth){1, 1, ARENA_BIRTH_NUMBERED};
    *set = (struct set){.thread = 7, .unused = 3, .counts = {2}};
    set->entries[1].address = 0x100, set->entries[1].birth = 0x5010, set->entries[1].stack = stack, set->entries[1].state = 1;
    set->entries[2].address = 0x200, set->entries[2].birth = 0x5000, set->entries[2].above = 1, set->entries[2].state = 2;
    own->births_address = 0x5000, own->birth_bytes = 16, own->births = 2, own->names_bytes = 21, own->kinds = 2, own->functions = 2;
    own->set_bytes = sizeof *set, own->sets = 1, own->entries = 4, own->entry_bytes = sizeof set->entries[0], own->at_entries = offsetof(struct set, entries);
    own->at_thread = offsetof(struct set, thread), own->at_busy = offsetof(struct set, busy), own->at_unused = offsetof(struct set, unused);
    own->at_birth = 8, own->at_stack = 16, own->at_loan_stack = 20, own->at_serial = 24, own->at_number = 28, own->at_above = 32, own->at_holders = 34, own->at_state = 36, own->at_provider = 37;
    own->state_live = 1, own->state_held = 2;
    own->at_counts = offsetof(struct set, counts), own->at_published = offsetof(struct set, published), own->counts = 1, own->counter[0] = COUNTER_births;
}

int main(int count, char **arguments)
{
    char error[256], path[4096];
    for (unsigned seed = 0; count > 1 && seed < 6; seed++) {
        tracker = (struct tracker){.own_bytes = seed % 2 != 0 ? 16384 : 0};
        if (!tracker_open(&tracker, NULL, ARENA_MINIMUM_BYTES, "seed", error, sizeof error))
            return 1;
        uint32_t frame = tracker_python_frame(&tracker, "a.py", 4, "f", 1, 3), module = tracker_module(&tracker, "/lib/l.so", 4096, 8192, (const uint8_t *)"\1\2\3", 3);
        stack_id stack = tracker_stack(&tracker, (uint64_t[]){(uint64_t)module << 48 | 16}, 1, &frame, 1, 0);
        handle_id dataset = handle_add(&tracker, 0x1000, 1, 1);
        for (unsigned i = 0; i < seed * 3; i++) {
            handle_id band = handle_add(&tracker, 0x2000 + 32 * i, 2, 1);
            edge_add(&tracker, dataset, band, i % 3 == 0 ? EDGE_DEPENDANT : EDGE_BORROWED);
            tracker_handle(&tracker, band)->birth_stack = stack;
            if (i % 4 == 1)
                handle_hold(&tracker, band, i);
            if (i % 4 == 2) {
                handle_bury(&tracker, band, CAUSE_FREED, 1, stack);
                fence_push(&tracker, 0x2000 + 32 * i, 32, band);
            }
            if (i % 4 == 3)
                handle_forget(&tracker, band);
        }
        tracker_handle(&tracker, dataset)->label = tracker_string(&tracker, "a.tif", 5);
        tracker_event(&tracker, &(struct event_record){.type = EVENT_violation, .stack = stack, .rule = 101});
        if (seed % 2 != 0)
            add_young(stack);
        snprintf(path, sizeof path, "%s/seed-%u", arguments[1], seed);
        write_small(path);
        tracker_close(&tracker);
    }
    return 0;
}

#endif
