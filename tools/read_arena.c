/* Reading arenas: see inputs.h. The events of an arena become violations as the log's schema has them; what only the process that wrote
 * it could say (remedy, line to change, kind of the handle) is left out. */
#include "census.h"
#include "check.h"
#include "inputs.h"
#include "process.h"
#include "reader.h"
#include "records.h"
#include "rules.h"
#include "stack_place.h"
#include "text.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void set_text(json_t *object, const char *name, const char *text)
{
    if (text[0] != '\0')
        json_object_set_new(object, name, json_text(text));
}

static void set_hexadecimal(json_t *object, const char *name, uint64_t number)
{
    char text[24];
    snprintf(text, sizeof text, "0x%" PRIx64, number);
    json_object_set_new(object, name, json_string(text));
}

static void set_time(json_t *violation, uint64_t time_ns)
{
    char second[32], text[48];
    time_t seconds = (time_t)(time_ns / 1000000000u);
    struct tm parts;
    if (time_ns == 0 || gmtime_r(&seconds, &parts) == NULL || strftime(second, sizeof second, "%Y-%m-%dT%H:%M:%S", &parts) == 0)
        return;
    snprintf(text, sizeof text, "%s.%03uZ", second, (unsigned)(time_ns / 1000000u % 1000u));
    json_object_set_new(violation, "time", json_string(text));
}

/* ---- stacks ----------------------------------------------------------------------------------------------------------- */

static json_t *python_frame(const struct reader *reader, uint64_t id)
{
    struct reader_python_frame frame;
    json_t *object = json_object();
    if (reader_python_frame(reader, id, &frame)) {
        set_text(object, "file", frame.file);
        json_object_set_new(object, "line", json_integer(frame.line));
        set_text(object, "function", frame.function);
    }
    return object;
}

static json_t *native_frame(const struct reader *reader, uint64_t word)
{
    uint64_t offset = word & STACK_OFFSET_MASK;
    const struct module_record *module = reader_native_frame(reader, word, &offset);
    json_t *object = json_object();
    if (module != NULL) {
        set_text(object, "module", reader_string(reader, module->path));
        char build_id[BUILD_ID_TEXT_BYTES];
        build_id_text(module, build_id);
        set_text(object, "build_id", build_id);
    }
    set_hexadecimal(object, "offset", offset);
    return object;
}

static json_t *stack(const struct reader *reader, uint32_t id, const char *function)
{
    struct reader_stack found;
    if (!reader_stack(reader, id, &found))
        return json_null();
    json_t *object = json_object(), *python = json_array(), *native = json_array();
    set_text(object, "function", function);
    for (unsigned index = 0; index < found.python_count; index++)
        json_array_append_new(python, python_frame(reader, found.python[index]));
    for (unsigned index = 0; index < found.native_count; index++)
        json_array_append_new(native, native_frame(reader, found.native[index]));
    json_object_set_new(object, "python", python);
    json_object_set_new(object, "native", native);
    return object;
}

/* ---- events ----------------------------------------------------------------------------------------------------------- */

static void set_rule(json_t *violation, const struct event_record *event, const char *handle)
{
    const struct rule *rule = rule_by_number(event->rule);
    char *id = compose("HF%03u", (unsigned)event->rule);
    json_object_set_new(violation, "rule", json_text(id));
    free(id);
    if (rule == NULL) {
        set_text(violation, "message", handle);
        return;
    }
    char *message = compose("%s%s%s", handle, handle[0] != '\0' ? ": " : "", rule->summary);
    json_object_set_new(violation, "name", json_text(rule->name));
    json_object_set_new(violation, "severity", json_text(severity_name(rule->severity)));
    json_object_set_new(violation, "message", json_text(message));
    free(message);
}

static json_t *violation_of(const struct reader *reader, const struct event_record *event)
{
    const char *handle = reader_string(reader, event->label), *parent = reader_string(reader, event->detail);
    const char *function = reader_string(reader, event->function_name);
    json_t *violation = json_object(), *described = json_object(), *parents = json_array(), *stacks = json_object();
    json_object_set_new(violation, "schema", json_integer(SCHEMA_VERSION));
    json_object_set_new(violation, "type", json_string("violation"));
    set_rule(violation, event, handle);
    set_time(violation, event->time_ns);
    json_object_set_new(violation, "pid", json_integer(reader->header.pid));
    json_object_set_new(violation, "thread", json_integer(event->thread));
    set_text(violation, "program", reader->header.program);
    set_text(violation, "host", reader->header.host);
    set_text(violation, "worker", reader->header.worker);
    set_text(violation, "task", reader_string(reader, event->task));
    json_object_set_new(violation, "action", json_text(action_name((enum report_action)event->action)));
    set_text(violation, "function", function);
    set_text(described, "description", handle);
    if (event->address != 0)
        set_hexadecimal(described, "address", event->address);
    json_object_set_new(violation, "handle", described);
    if (parent[0] != '\0') {
        json_t *one = json_object();
        set_text(one, "description", parent);
        json_array_append_new(parents, one);
    }
    json_object_set_new(violation, "parents", parents);
    json_object_set_new(stacks, "used", stack(reader, event->stack, function));
    json_object_set_new(stacks, "obtained", stack(reader, event->birth_stack, ""));
    json_object_set_new(stacks, "freed", stack(reader, event->death_stack, ""));
    json_object_set_new(violation, "stacks", stacks);
    return violation;
}

static uint64_t add_violations(struct findings *findings, const struct reader *reader, json_int_t *repeats)
{
    uint64_t count = 0;
    for (uint64_t number = reader->event_begin; number < reader->event_end; number++) {
        struct event_record event;
        if (!reader_event(reader, number, &event) || event.type != EVENT_violation)
            continue;
        *repeats += findings_add_recorded(findings, violation_of(reader, &event));
        count++;
    }
    return count;
}

/* ---- what is said about the arena itself --------------------------------------------------------------------------------- */

static json_t *notice_of(const struct reader *reader, const char *message)
{
    json_t *notice = json_object();
    json_object_set_new(notice, "schema", json_integer(SCHEMA_VERSION));
    json_object_set_new(notice, "type", json_string("notice"));
    json_object_set_new(notice, "pid", json_integer(reader->header.pid));
    set_text(notice, "program", reader->header.program);
    json_object_set_new(notice, "message", json_text(message));
    return notice;
}

__attribute__((format(printf, 3, 4))) static void add_notice(struct findings *findings, const struct reader *reader,
                                                              const char *format, ...)
{
    char text[400];
    va_list values;
    va_start(values, format);
    vsnprintf(text, sizeof text, format, values);
    va_end(values);
    findings_add_notice(findings, notice_of(reader, text));
}

/* What became of the process. */
static const char *fate(const struct reader *reader)
{
    const struct arena_header *header = &reader->header;
    if (header->state == ARENA_CLOSED)
        return "ended properly";
    if (header->state == ARENA_REPLACED)
        return "was replaced by another program (exec)";
    switch (process_life(header)) {
    case PROCESS_LIVES:
        return "is running";
    case PROCESS_GONE:
        return census_crashed(reader) ? "crashed" : "was killed";
    case PROCESS_UNKNOWN:
        break;
    }
    return "is running, or was killed: it is of another machine, container or time";
}

static void describe_arena(struct findings *findings, const struct reader *reader)
{
    const struct arena_header *header = &reader->header;
    uint64_t alive = 0, held = header->hold_count;
    for (uint32_t id = 0; (id = reader_next_handle(reader, id)) != 0;)
        alive += reader_handle(reader, id)->state == HANDLE_LIVE;
    struct reader_young young;
    for (uint32_t set = 0, index = 0; reader_next_young(reader, &set, &index, &young);)
        *(young.held ? &held : &alive) += 1;
    const char *worker = header->worker;
    add_notice(findings, reader, "%s%s%s%s%s%s %s; %" PRIu64 " handles born, %" PRIu64 " lent, %" PRIu64 " freed, %" PRIu64 " alive in the arena, %" PRIu64 " free%s postponed",
               header->program, worker[0] != '\0' ? " (worker " : "", worker, worker[0] != '\0' && header->host[0] != '\0' ? " on " : "", worker[0] != '\0' ? header->host : "",
               worker[0] != '\0' ? ")" : "", fate(reader), header->counters[COUNTER_births], header->counters[COUNTER_loans], header->counters[COUNTER_deaths], alive, held, held == 1 ? "" : "s");
}

/* ---- what lived ---------------------------------------------------------------------------------------------------------- */

#define ORIGINS_SHOWN 10u
#define HELD_SHOWN 10u
#define EVENTS_SHOWN 10u

static char *place_of(struct findings *findings, const struct reader *reader, uint32_t stack)
{
    return place_of_stack(findings->symbolizer, reader, stack);
}

static const char *kind_words(const struct reader *reader, unsigned kind)
{
    const char *name = reader_kind_name(reader, kind);
    return name[0] != '\0' ? name : "handle";
}

static void describe_origin(struct findings *findings, const struct reader *reader, const struct census_site *origin)
{
    char *place = place_of(findings, reader, origin->stack);
    const char *label = reader_string(reader, origin->label), *function = reader_function_name(reader, origin->function);
    add_notice(findings, reader, "alive: %" PRIu64 " %s%s%s%s, %s by %s at %s", origin->live, kind_words(reader, origin->kind), label[0] != '\0' ? " " : "", label,
               origin->live > 1 && label[0] != '\0' ? " and others" : "", origin->borrowed ? "lent" : "made",
               function[0] != '\0' ? function : "an unknown function", place);
    free(place);
}

static void describe_living(struct findings *findings, const struct reader *reader)
{
    struct census census;
    size_t shown = 0, more = 0;
    census_take(&census, reader);
    for (size_t index = 0; index < census.site_count; index++) {
        if (census.sites[index].live == 0)
            continue; /* what is held has notices of its own */
        if (shown < ORIGINS_SHOWN)
            describe_origin(findings, reader, &census.sites[index]);
        *(shown < ORIGINS_SHOWN ? &shown : &more) += 1;
    }
    if (more != 0)
        add_notice(findings, reader, "alive: and those of %zu more origins", more);
    census_clear(&census);
}

/* ---- what the threads did ---------------------------------------------------------------------------------------------------- */

/* Its stacks as those of a log's crash: schema 1. */
static json_t *crash_of(const struct reader *reader, const struct event_record *event)
{
    const char *described = reader_string(reader, event->label);
    json_t *crash = notice_of(reader, reader_string(reader, event->detail)), *stacks = json_object();
    json_object_set_new(crash, "type", json_string("crash"));
    json_object_set_new(crash, "name", json_string("crash"));
    json_object_set_new(crash, "severity", json_string("error"));
    json_object_set_new(crash, "thread", json_integer(event->thread));
    set_time(crash, event->time_ns);
    set_text(crash, "host", reader->header.host);
    set_text(crash, "worker", reader->header.worker);
    json_object_set_new(stacks, "crashed", stack(reader, event->stack, ""));
    json_object_set_new(crash, "stacks", stacks);
    if (described[0] != '\0') {
        json_t *handle = json_object(), *story = json_object();
        set_text(handle, "description", described);
        json_object_set_new(story, "obtained", stack(reader, event->birth_stack, ""));
        json_object_set_new(story, "freed", stack(reader, event->death_stack, ""));
        json_object_set_new(handle, "stacks", story);
        json_object_set_new(crash, "handle", handle);
    }
    return crash;
}

static void tell_crashes(struct findings *findings, const struct reader *reader)
{
    for (uint64_t number = reader->event_begin; number < reader->event_end; number++) {
        struct event_record event;
        if (reader_event(reader, number, &event) && event.type == EVENT_crash)
            findings_add_recorded_crash(findings, crash_of(reader, &event));
    }
}

static void put_last_handle(char *text, size_t bytes, const char *kind, bool numbered, int number, const char *label, uint64_t address, const char *state)
{
    if (numbered)
        snprintf(text, bytes, " on %s %d%s", kind, number, state);
    else if (label[0] != '\0')
        snprintf(text, bytes, " on %s '%s'%s", kind, label, state);
    else
        snprintf(text, bytes, " on %s 0x%" PRIx64 "%s", kind, address, state);
}

/* "dataset 'a.tif'" */
static void describe_last_handle(const struct reader *reader, uint64_t handle, char *text, size_t bytes)
{
    uint64_t address = handle << 8 >> 16;
    for (uint32_t id = 0; (id = reader_next_handle(reader, id)) != 0;) {
        const struct handle_record *record = reader_handle(reader, id);
        if (record->address != address)
            continue;
        put_last_handle(text, bytes, kind_words(reader, record->kind), (record->flags & HANDLE_NUMBER) != 0, (int)record->label, (record->flags & HANDLE_NUMBER) != 0 ? "" : reader_string(reader, record->label),
                        address, record->state == HANDLE_BURIED ? ", freed" : record->state == HANDLE_HELD ? ", whose free was postponed" : "");
        return;
    }
    put_last_handle(text, bytes, kind_words(reader, (unsigned)(handle & 0xff)), false, 0, "", address, "");
}

/* What each thread was doing, of a process that did not end by itself. */
static void tell_threads(struct findings *findings, const struct reader *reader)
{
    for (uint32_t id = 1; id < reader->sections[SECTION_THREADS].used; id++) {
        const struct thread_record *thread = reader_record(reader, SECTION_THREADS, id);
        char on[300] = "";
        if (thread->owner == 0 || thread->function == 0)
            continue;
        if (thread->handle << 8 >> 16 != 0)
            describe_last_handle(reader, thread->handle, on, sizeof on);
        const char *function = reader_function_name(reader, thread->function - 1);
        add_notice(findings, reader, "thread %u '%s' is in, or called last: %s%s", thread->owner, thread->name, function[0] != '\0' ? function : "an unknown function", on);
    }
}

/* ---- what was held, and what happened last ----------------------------------------------------------------------------------- */

/* Those that one line frees are told together: a loop holds as many as it may. */
struct held_group {
    const struct handle_record *first;
    uint32_t count;
};

/* The young ones tell neither where their free was asked for nor by what. */
static uint32_t count_young_held(const struct reader *reader)
{
    uint32_t count = 0;
    struct reader_young young;
    for (uint32_t set = 0, index = 0; reader_next_young(reader, &set, &index, &young);)
        count += young.held;
    return count;
}

static void describe_held_group(struct findings *findings, const struct reader *reader, const struct held_group *group)
{
    const struct handle_record *handle = group->first;
    char *place = place_of(findings, reader, handle->death_stack);
    const char *label = (handle->flags & HANDLE_NUMBER) != 0 ? "" : reader_string(reader, handle->label), *function = reader_function_name(reader, handle->death_function);
    bool several = group->count > 1;
    add_notice(findings, reader, "held: %u %s%s%s%s, %s by %s at %s %s postponed", group->count, kind_words(reader, handle->kind), label[0] != '\0' ? " " : "", label,
               several && label[0] != '\0' ? " and others" : "", several ? "their frees" : "its free", function[0] != '\0' ? function : "an unknown function", place, several ? "are" : "is");
    free(place);
}

static void describe_held(struct findings *findings, const struct reader *reader)
{
    struct held_group groups[HELD_SHOWN];
    uint32_t steps = 0, count = 0, told = 0;
    for (uint32_t id = 0; (id = reader_next_held(reader, id, &steps)) != 0;) {
        const struct handle_record *handle = reader_handle(reader, id);
        uint32_t group = 0;
        while (group < count && (groups[group].first->kind != handle->kind || groups[group].first->death_stack != handle->death_stack || groups[group].first->death_function != handle->death_function))
            group++;
        if (group == HELD_SHOWN)
            continue;
        if (group == count)
            groups[count++] = (struct held_group){.first = handle};
        groups[group].count++;
        told++;
    }
    for (uint32_t group = 0; group < count; group++)
        describe_held_group(findings, reader, &groups[group]);
    if (reader->header.hold_count > told)
        add_notice(findings, reader, "held: and %u more", reader->header.hold_count - told);
    uint32_t young = count_young_held(reader);
    if (young > 0)
        add_notice(findings, reader, "held: %u young handle%s, whose free%s postponed", young, young == 1 ? "" : "s", young == 1 ? " is" : "s are");
}

static void describe_events(struct findings *findings, const struct reader *reader)
{
    static const char *const words[EVENT_TYPE_COUNT] = {
#define X(name, text) text,
        EVENT_TYPES(X)
#undef X
    };
    uint64_t count = reader->event_end - reader->event_begin;
    for (uint64_t number = reader->event_end - (count < EVENTS_SHOWN ? count : EVENTS_SHOWN); number < reader->event_end; number++) {
        struct event_record event;
        if (!reader_event(reader, number, &event))
            continue;
        const char *label = reader_string(reader, event.label), *function = reader_string(reader, event.function_name);
        time_t seconds = (time_t)(event.time_ns / 1000000000u);
        struct tm parts;
        char clock[16] = "?";
        if (gmtime_r(&seconds, &parts) != NULL)
            strftime(clock, sizeof clock, "%H:%M:%S", &parts);
        add_notice(findings, reader, "event: %s in thread %u, %s%s%s%s%s", clock, event.thread, words[event.type], label[0] != '\0' ? ", " : "", label, function[0] != '\0' ? ", " : "", function);
    }
}

/* ---- Holdfast's own work --------------------------------------------------------------------------------------------------- */

/* What the process counted of Holdfast's own work. Births and deaths are told above, what was dropped below. */
static void describe_work(struct findings *findings, const struct reader *reader)
{
    uint64_t counters[COUNTER_COUNT];
    census_counters(reader, counters);
    char cost[64] = ""; /* few of the visits are timed: of a short process none */
    if (counters[COUNTER_inside_ns] != 0)
        snprintf(cost, sizeof cost, ", which took about %" PRIu64 " us", counters[COUNTER_inside_ns] / 1000);
    add_notice(findings, reader, "%" PRIu64 " calls looked at, %" PRIu64 " visits off the fast path%s; %" PRIu64 " stacks taken by unwinding, %" PRIu64 " by comparing",
               counters[COUNTER_calls], counters[COUNTER_visits], cost, counters[COUNTER_stacks_slow], counters[COUNTER_stacks_fast]);
    char text[400] = "";
    size_t used = 0;
    for (unsigned section = 0; section < SECTION_COUNT; section++) {
        const struct arena_section_header *header = &reader->header.sections[section];
        if (arena_section_words[section] != NULL && header->capacity > 1 && header->used > 0 && used < sizeof text)
            used += (size_t)snprintf(text + used, sizeof text - used, "%s%u of %u %s", used > 0 ? ", " : "", header->used - 1, header->capacity - 1, arena_section_words[section]);
    }
    add_notice(findings, reader, "the arena holds %s", text);
}

static void tell_losses(struct findings *findings, const struct reader *reader, uint64_t shown)
{
    static const struct {
        enum arena_counter counter;
        const char *words;
    } losses[] = {
#define X(name, words) {COUNTER_##name, words},
        ARENA_COUNTERS(X)
#undef X
    };
    const uint64_t *counters = reader->header.counters;
    for (size_t index = 0; index < sizeof losses / sizeof losses[0]; index++)
        if (losses[index].counter >= COUNTER_dropped_handles && counters[losses[index].counter] != 0)
            add_notice(findings, reader, "%" PRIu64 " %s", counters[losses[index].counter], losses[index].words);
    if (counters[COUNTER_violations] > shown)
        add_notice(findings, reader, "%" PRIu64 " violations are no longer in the arena: its ring keeps only the last events",
                   counters[COUNTER_violations] - shown);
}

/* The reader makes something of nearly any bytes. One that still changes is left alone: what it says of itself a moment later is another matter. */
static void tell_damage(struct findings *findings, const struct reader *reader, const char *file)
{
    struct arena_image image;
    char error[512];
    bool at_rest = reader->header.state == ARENA_CLOSED || process_life(&reader->header) != PROCESS_LIVES;
    if (!at_rest || !arena_image_read(&image, file, error, sizeof error))
        return;
    struct arena_faults faults = arena_check(&image, NULL, NULL);
    if (faults.damaged != 0 && !image.moving)
        findings_add_problem(findings, file, "is damaged in %" PRIu64 " place%s, and what is told of it may be wrong; holdfast report --check says where", faults.damaged, faults.damaged == 1 ? "" : "s");
    arena_image_free(&image);
}

void read_arena(struct findings *findings, const char *file)
{
    struct reader reader;
    char error[512];
    if (!reader_open(&reader, file, error, sizeof error)) {
        size_t bytes = strlen(file);
        const char *what = strncmp(error, file, bytes) == 0 && error[bytes] == ' ' ? error + bytes + 1 : error;
        findings_add_problem(findings, file, "%s; copy the whole arena again, and read it with the holdfast that wrote it", what);
        return;
    }
    json_int_t repeats = 0;
    tell_damage(findings, &reader, file);
    uint64_t shown = add_violations(findings, &reader, &repeats);
    json_t *summary = json_object();
    json_object_set_new(summary, "repeats", json_integer(repeats));
    json_object_set_new(summary, "refused", json_integer((json_int_t)reader.header.counters[COUNTER_refusals]));
    json_object_set_new(summary, "held", json_integer((json_int_t)reader.header.counters[COUNTER_held]));
    json_object_set_new(summary, "pid", json_integer(reader.header.pid));
    set_text(summary, "host", reader.header.host);
    findings_add_recorded_summary(findings, summary);
    describe_arena(findings, &reader);
    tell_crashes(findings, &reader);
    if (reader.header.state == ARENA_LIVE || reader.header.state == ARENA_REPLACED) { /* of one that ended properly, the log has told it */
        tell_threads(findings, &reader);
        describe_living(findings, &reader);
        describe_held(findings, &reader);
        describe_events(findings, &reader);
    }
    describe_work(findings, &reader);
    tell_losses(findings, &reader, shown);
    records_add(findings, &reader, file, fate(&reader));
    findings->files++;
    reader_close(&reader);
}
