/* Reading an arena file: of a live process (which is not stopped or disturbed), of one that ended or was killed, or one copied from
 * elsewhere. For tools and tests; the writer side never includes this.
 *
 * reader_open() checks the file and copies what is in use, in an order in which nothing copied earlier names what was copied later
 * and is missing. After it the file is not touched again, so it may grow, shrink or go away. Nothing in it is trusted: every
 * access goes through a function below, which checks ids against the copy. What those return may be nonsense where the file is
 * damaged, but it is inside the copy, strings end, lists end, and enumerations (state, cause, edge type, event type, action) are in range.
 * Numbers that the tracker itself does not know (kind, provider, function, rule) are as the file has them.
 *
 * A reader may be used by one thread at a time; different readers are independent.
 */
#ifndef HOLDFAST_TRACKER_READER_H
#define HOLDFAST_TRACKER_READER_H

#include "layout.h"
#include <stdbool.h>
#include <stddef.h>

struct reader {
    struct arena_header header; /* a copy: counters, pid, program (always terminated), state ... */
    uint64_t event_begin;       /* numbers of the events that are there: [event_begin, event_end), oldest first */
    uint64_t event_end;
    struct {
        void *records;
        uint32_t used; /* records copied, record 0 included */
    } sections[SECTION_COUNT];
    uint32_t *names; /* where the names of kinds and functions begin; header.own.kinds and .functions are 0 where there are none */
};

/* On failure returns false and puts one sentence into `error`; there is nothing to close then. */
bool reader_open(struct reader *reader, const char *path, char *error, size_t error_bytes);
void reader_close(struct reader *reader);
/* Is this the header of an arena that fits a file of so many bytes? As reader_open() asks it. */
bool reader_accepts(const struct arena_header *header, uint64_t file_bytes, const char *path, char *error, size_t error_bytes);
/* Bytes read at this place of a file: less than asked for at its end or on an error. */
uint64_t reader_read_at(int file, void *to, uint64_t bytes, uint64_t offset);

/* The record with this id; NULL for 0 or one that is not there. Buckets have no records here; events have reader_event(). */
const void *reader_record(const struct reader *reader, enum arena_section section, uint32_t id);

/* NULL for 0, out of bounds, or a free record. */
const struct handle_record *reader_handle(const struct reader *reader, uint32_t id);
/* The first handle behind `id`, 0 when there is none: for (id = 0; (id = reader_next_handle(r, id)) != 0;) */
uint32_t reader_next_handle(const struct reader *reader, uint32_t id);
/* What killed or changed `handle`, unless it is forgotten: then NULL. */
const struct handle_record *reader_killer(const struct reader *reader, const struct handle_record *handle);

/* A walk over the children or the parents of a handle; it ends also where a damaged file has a circle. */
struct reader_edges {
    const struct reader *reader;
    uint32_t next, steps;
    bool to_parents;
};
struct reader_edges reader_children(const struct reader *reader, uint32_t handle);
struct reader_edges reader_parents(const struct reader *reader, uint32_t handle);
/* The next edge, both of whose ends are there; NULL at the end. */
const struct edge_record *reader_next_edge(struct reader_edges *edges);

/* Postponed frees, the oldest first: start with `*steps` 0 and `id` 0. Ends as the walk above. */
uint32_t reader_next_held(const struct reader *reader, uint32_t id, uint32_t *steps);

/* The young handles that live or whose free is postponed, of all threads: start with *set and *index 0. False: no more. Those of a
 * live process may be in the tracker as well, if they grew up while the file was copied. */
struct reader_young {
    uint64_t address;
    uint32_t birth_stack, serial, thread;
    int32_t number; /* label, of one that is numbered */
    uint16_t kind, function, holders;
    uint16_t above; /* index in the same set of what lent it, 0: that is not young */
    struct {
        uint64_t address; /* 0: none */
        uint8_t edge;     /* enum edge_type */
    } parents[2];
    uint8_t provider;
    bool borrowed, numbered, held;
};
bool reader_next_young(const struct reader *reader, uint32_t *set, uint32_t *index, struct reader_young *young);

/* As the writer called them; "" where the arena does not say. */
const char *reader_kind_name(const struct reader *reader, unsigned kind);
const char *reader_function_name(const struct reader *reader, unsigned function);

/* Names that were found elsewhere: `bytes` of NUL-terminated ones, first the kinds, then the functions, as a record has them; the reader takes the block over, which is malloc'ed. Young
 * handles are not seen any more. */
void reader_set_names(struct reader *reader, char *names, uint32_t bytes, uint32_t kinds, uint32_t functions);

/* Never NULL: "" for 0 or what is not there. Valid until reader_close(). */
const char *reader_string(const struct reader *reader, uint32_t id);

struct reader_stack {
    const uint64_t *python; /* ids for reader_python_frame(), innermost first */
    const uint64_t *native; /* words for reader_native_frame(), innermost first */
    unsigned python_count, native_count;
    uint32_t flags; /* STACK_TRUNCATED_* */
};
bool reader_stack(const struct reader *reader, uint32_t id, struct reader_stack *stack);

struct reader_python_frame {
    const char *file, *function;
    uint32_t line;
};
bool reader_python_frame(const struct reader *reader, uint64_t id, struct reader_python_frame *frame);

/* The module of a native frame word and the offset in its file image; NULL when the module is not known. */
const struct module_record *reader_native_frame(const struct reader *reader, uint64_t word, uint64_t *offset);
const struct module_record *reader_module(const struct reader *reader, uint32_t id);

/* False for numbers outside [event_begin, event_end). */
bool reader_event(const struct reader *reader, uint64_t number, struct event_record *event);

#endif
