/* See records.h. Of a fleet only so many records are looked at closely: what is shown is for people. */
#include "records.h"
#include "census.h"
#include "doctor.h"
#include "picture.h"
#include "stack_place.h"
#include "text.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define RECORDS_SHOWN 40u
#define PICTURES_OF_RECORD 2000u
#define SITES_SHOWN 60u
#define PICTURE_ENTRIES 36u
#define SAME_SHOWN 3u

void records_want(struct findings *findings)
{
    findings->arenas = json_array();
    findings->pictures = json_object();
}

static void set_text(json_t *object, const char *name, const char *text)
{
    if (text[0] != '\0')
        json_object_set_new(object, name, json_text(text));
}

static void set_number(json_t *object, const char *name, uint64_t number)
{
    json_object_set_new(object, name, json_integer((json_int_t)(number & INT64_MAX)));
}

/* ---- pictures ------------------------------------------------------------------------------------------------------------------- */

/* A node: k kind, n name, s state, a address, c and r where it stands, p parent, e how it belongs to that, m more like it, o below it that are not shown, x the one that it is about. */
static json_t *picture_node(struct findings *findings, const struct picture *picture, uint32_t index, uint32_t focus)
{
    const struct picture_entry *entry = &picture->entries[index];
    struct pictured handle;
    json_t *node = json_object();
    forest_describe(picture->forest, entry->node, &handle);
    char *name = picture_name(&handle), *address = compose("0x%" PRIx64, handle.address);
    set_text(node, "k", handle.kind);
    set_text(node, "n", entry->folded != 0 ? handle.kind : name);
    set_text(node, "s", state_words(handle.state));
    set_number(node, "c", entry->column);
    set_number(node, "r", entry->row);
    if (entry->parent != PICTURE_NONE) {
        set_number(node, "p", entry->parent);
        set_text(node, "e", edge_words(entry->edge));
    }
    if (entry->folded != 0)
        set_number(node, "m", entry->folded);
    if (entry->below != 0)
        set_number(node, "o", entry->below);
    if (entry->folded == 0) {
        set_text(node, "a", address);
        if (handle.holders != 0)
            set_number(node, "h", handle.holders);
        if (handle.stale)
            json_object_set_new(node, "t", json_true());
        if (handle.birth_stack != 0) {
            char *place = place_of_stack(findings->symbolizer, picture->forest->reader, handle.birth_stack);
            set_text(node, "b", place);
            free(place);
        }
    }
    if (entry->node == focus)
        json_object_set_new(node, "x", json_true());
    free(name);
    free(address);
    return node;
}

static json_t *picture_of(struct findings *findings, const struct forest *forest, uint32_t focus)
{
    struct picture picture;
    struct picture_wishes wishes = {.focus = focus, .limit = PICTURE_ENTRIES, .alike = SAME_SHOWN};
    json_t *object = json_object(), *nodes = json_array(), *edges = json_array();
    picture_make(&picture, forest, &wishes);
    for (uint32_t index = 0; index < picture.count; index++)
        json_array_append_new(nodes, picture_node(findings, &picture, index, focus));
    struct picture_walk walk = {0};
    uint32_t parent, child;
    enum edge_type type;
    while (picture_next_edge(&picture, &walk, &parent, &child, &type))
        json_array_append_new(edges, json_pack("[I,I,s]", (json_int_t)parent, (json_int_t)child, edge_words(type)));
    json_object_set_new(object, "nodes", nodes);
    json_object_set_new(object, "edges", edges);
    set_number(object, "columns", picture.columns);
    set_number(object, "rows", picture.rows);
    if (picture.cut != 0)
        set_number(object, "cut", picture.cut);
    picture_clear(&picture);
    return object;
}

static char *key_of(json_int_t pid, const char *host, const char *address)
{
    return compose("%lld %s %s", (long long)pid, host, address);
}

static void add_pictures(struct findings *findings, const struct reader *reader)
{
    struct forest forest;
    unsigned count = 0;
    forest_open(&forest, reader);
    for (uint64_t number = reader->event_begin; number < reader->event_end && count < PICTURES_OF_RECORD; number++) {
        struct event_record event;
        if (!reader_event(reader, number, &event) || event.type != EVENT_violation || event.address == 0)
            continue;
        char *address = compose("0x%" PRIx64, event.address), *key = key_of(reader->header.pid, reader->header.host, address);
        json_t *known = json_text(key);
        const char *name = json_string_value(known); /* a host of any bytes */
        uint32_t focus = name != NULL && json_object_get(findings->pictures, name) == NULL ? forest_find_address(&forest, event.address, event.birth_stack) : 0;
        if (focus != 0) {
            json_object_set_new(findings->pictures, name, picture_of(findings, &forest, focus));
            count++;
        }
        json_decref(known);
        free(key);
        free(address);
    }
    forest_close(&forest);
}

static void add_told_node(json_t *nodes, const json_t *handle, const char *state, size_t place, bool focus)
{
    json_t *node = json_object();
    const char *description = member(handle, "description"), *kind = member(handle, "kind");
    set_text(node, "k", kind);
    set_text(node, "n", description[0] != '\0' ? description : kind[0] != '\0' ? kind : "handle");
    set_text(node, "s", state);
    set_text(node, "a", member(handle, "address"));
    set_number(node, "c", place);
    set_number(node, "r", 0);
    if (place > 0) {
        set_number(node, "p", place - 1);
        set_text(node, "e", "belongs to");
    }
    if (focus)
        json_object_set_new(node, "x", json_true());
    json_array_append_new(nodes, node);
}

/* Only a log tells of it: the handle and what it lives in. */
static json_t *told_picture(const json_t *violation)
{
    const json_t *handle = json_object_get(violation, "handle"), *parents = json_object_get(violation, "parents");
    const char *action = member(violation, "action");
    bool kept = strcmp(action, "kept") == 0 || strcmp(action, "held") == 0, freed = json_is_object(json_object_get(json_object_get(violation, "stacks"), "freed"));
    size_t count = json_array_size(parents);
    json_t *object = json_object(), *nodes = json_array();
    for (size_t place = 0; place < count; place++)
        add_told_node(nodes, json_array_get(parents, count - 1 - place), kept ? "held" : freed ? "dead" : "live", place, false);
    add_told_node(nodes, handle, kept || !freed ? "live" : "dead", count, true);
    json_object_set_new(object, "nodes", nodes);
    json_object_set_new(object, "edges", json_array());
    set_number(object, "columns", count + 1);
    set_number(object, "rows", 1);
    json_object_set_new(object, "told", json_true());
    return object;
}

json_t *records_picture(const struct findings *findings, const json_t *violation)
{
    const json_t *handle = json_object_get(violation, "handle");
    const char *address = member(handle, "address");
    char *key = key_of(member_number(violation, "pid"), member(violation, "host"), address);
    json_t *picture = address[0] != '\0' ? json_incref(json_object_get(findings->pictures, key)) : NULL;
    free(key);
    if (picture == NULL && (address[0] != '\0' || member(handle, "description")[0] != '\0'))
        picture = told_picture(violation);
    return picture;
}

/* ---- what lived ------------------------------------------------------------------------------------------------------------------- */

static const char *kind_words(const struct reader *reader, unsigned kind)
{
    const char *name = reader_kind_name(reader, kind);
    return name[0] != '\0' ? name : "handle";
}

static json_t *kinds_of(const struct reader *reader, const struct census *census)
{
    json_t *kinds = json_array();
    for (size_t index = 0; index < census->kind_count; index++) {
        const struct census_kind *kind = &census->kinds[index];
        json_t *one = json_object();
        set_text(one, "kind", kind_words(reader, kind->kind));
        set_number(one, "live", kind->live);
        set_number(one, "held", kind->held);
        set_number(one, "dead", kind->dead);
        json_array_append_new(kinds, one);
    }
    return kinds;
}

static json_t *sites_of(struct findings *findings, const struct reader *reader, const struct census *census)
{
    json_t *sites = json_array();
    for (size_t index = 0; index < census->site_count && index < SITES_SHOWN; index++) {
        const struct census_site *site = &census->sites[index];
        json_t *one = json_object();
        char *place = place_of_stack(findings->symbolizer, reader, site->stack);
        set_text(one, "kind", kind_words(reader, site->kind));
        set_text(one, "by", reader_function_name(reader, site->function));
        set_text(one, "place", place);
        set_text(one, "label", reader_string(reader, site->label));
        set_text(one, "how", site->borrowed ? "lent" : "made");
        set_number(one, "live", site->live);
        set_number(one, "held", site->held);
        json_array_append_new(sites, one);
        free(place);
    }
    return sites;
}

/* ---- libraries -------------------------------------------------------------------------------------------------------------------- */

static json_t *modules_of(const struct reader *reader)
{
    json_t *modules = json_array();
    for (uint32_t id = 1; id < reader->sections[SECTION_MODULES].used; id++) {
        const struct module_record *module = reader_module(reader, id);
        json_t *one = json_object();
        set_text(one, "path", reader_string(reader, module->path));
        char build_id[BUILD_ID_TEXT_BYTES];
        build_id_text(module, build_id);
        set_text(one, "build_id", build_id);
        json_array_append_new(modules, one);
    }
    return modules;
}

/* Files that were read for the versions of libraries: of a fleet many records name the same ones. */
static struct copy_file {
    struct copy_file *next;
    char *path;
    struct image *image;
} *copy_files;

static const struct image *image_of(const char *path)
{
    struct copy_file *file = copy_files;
    while (file != NULL && strcmp(file->path, path) != 0)
        file = file->next;
    if (file == NULL) {
        file = allocate(sizeof *file);
        *file = (struct copy_file){copy_files, duplicate(path), image_read_file(path, path)};
        copy_files = file;
    }
    return file->image;
}

/* A process asks a copy for its version when the copy is first called from outside. Of one that another library alone calls (PROJ below GDAL) its file tells, if it is the one that was loaded. */
static const char *version_in_file(const char *library, const char *path, const char *build_id)
{
    if (path[0] != '/' || build_id[0] == '\0')
        return "";
    const struct image *image = image_of(path);
    for (unsigned which = 0; which < LIBRARY_COUNT; which++)
        if (strcmp(library, library_names[which]) == 0 && image->build_id != NULL && strcmp(image->build_id, build_id) == 0 && image->version[which] != NULL)
            return image->version[which];
    return "";
}

static void set_version(json_t *one, const struct arena_copy *copy, const char *library)
{
    char *told = copy->version != 0 ? compose("%u.%u.%u", copy->version / 10000, copy->version / 100 % 100, copy->version % 100) : NULL;
    set_text(one, "version", told != NULL ? told : version_in_file(library, member(one, "path"), member(one, "build_id")));
    free(told);
}

static json_t *libraries_of(const struct reader *reader, const struct census *census)
{
    json_t *libraries = json_array();
    for (unsigned number = 1; number < ARENA_COPIES; number++) {
        const struct arena_copy *copy = &reader->header.copies[number];
        const struct module_record *module = reader_module(reader, copy->module);
        char library[sizeof copy->library + 1] = "";
        memcpy(library, copy->library, sizeof copy->library);
        json_t *one = json_object();
        set_text(one, "library", library);
        if (module != NULL) {
            set_text(one, "path", reader_string(reader, module->path));
            char build_id[BUILD_ID_TEXT_BYTES];
            build_id_text(module, build_id);
            set_text(one, "build_id", build_id);
        }
        set_version(one, copy, library);
        set_number(one, "alive", census->copies[number]);
        if (library[0] != '\0')
            json_array_append_new(libraries, one);
        else
            json_decref(one);
    }
    return libraries;
}

/* ---- how it grew ------------------------------------------------------------------------------------------------------------------ */

struct series {
    uint32_t stack, kind; /* stack 0: of the kind */
    json_t *values;
};

static json_t *growth_object(const struct reader *reader, json_t *series)
{
    json_t *growth = json_object(), *times = json_array();
    const struct sample_record *first = reader_record(reader, SECTION_SAMPLES, 1);
    for (uint32_t id = 1; id < reader->sections[SECTION_SAMPLES].used; id++) {
        const struct sample_record *sample = reader_record(reader, SECTION_SAMPLES, id);
        json_array_append_new(times, json_integer((json_int_t)(sample->time_ns / 1000000)));
    }
    json_object_set_new(growth, "times", times);
    json_object_set_new(growth, "series", series);
    uint64_t started = reader->header.started_ns / 1000000, begun = first != NULL ? first->time_ns / 1000000 : 0;
    if (begun > started && started != 0)
        set_number(growth, "offset", begun - started);
    return growth;
}

static uint32_t count_in(const struct sample_record *sample, uint32_t stack, uint32_t kind)
{
    for (unsigned index = 0; index < SAMPLE_TOP; index++) {
        if (stack == 0 && sample->kinds[index].count != 0 && sample->kinds[index].kind == kind)
            return sample->kinds[index].count;
        if (stack != 0 && sample->sites[index].stack == stack && sample->sites[index].kind == kind)
            return sample->sites[index].count;
    }
    return 0;
}

/* `rest`: what is alive of all others. */
static void add_series(const struct reader *reader, json_t *all, const char *name, uint32_t stack, uint32_t kind, const struct sample_record *rest)
{
    json_t *values = json_array(), *one = json_object();
    for (uint32_t id = 1; id < reader->sections[SECTION_SAMPLES].used; id++) {
        const struct sample_record *sample = reader_record(reader, SECTION_SAMPLES, id);
        uint64_t value = rest == NULL ? count_in(sample, stack, kind) : sample->alive, known = 0;
        for (unsigned index = 0; rest != NULL && index < SAMPLE_TOP && rest->kinds[index].count != 0; index++)
            known += count_in(sample, 0, rest->kinds[index].kind);
        json_array_append_new(values, json_integer((json_int_t)((value > known ? value - known : 0) & INT64_MAX)));
    }
    set_text(one, "name", name);
    json_object_set_new(one, "values", values);
    json_array_append_new(all, one);
}

static const struct sample_record *last_sample(const struct reader *reader)
{
    uint32_t used = reader->sections[SECTION_SAMPLES].used;
    return used > 2 ? reader_record(reader, SECTION_SAMPLES, used - 1) : NULL;
}

static json_t *growth_of_kinds(const struct reader *reader, const struct sample_record *last)
{
    json_t *series = json_array();
    for (unsigned index = 0; index < SAMPLE_TOP && last->kinds[index].count != 0; index++)
        add_series(reader, series, kind_words(reader, last->kinds[index].kind), 0, last->kinds[index].kind, NULL);
    add_series(reader, series, "others", 0, 0, last);
    return growth_object(reader, series);
}

static json_t *growth_of_sites(struct findings *findings, const struct reader *reader, const struct sample_record *last)
{
    json_t *series = json_array();
    for (unsigned index = 0; index < SAMPLE_TOP && last->sites[index].count != 0; index++) {
        char *place = place_of_stack(findings->symbolizer, reader, last->sites[index].stack);
        char *name = compose("%s at %s", kind_words(reader, last->sites[index].kind), place);
        add_series(reader, series, name, last->sites[index].stack, last->sites[index].kind, NULL);
        free(name);
        free(place);
    }
    return growth_object(reader, series);
}

/* ---- a record ---------------------------------------------------------------------------------------------------------------------- */

static json_t *counters_of(const struct reader *reader)
{
    json_t *counters = json_object();
    uint64_t numbers[COUNTER_COUNT];
    census_counters(reader, numbers);
#define X(name, words) set_number(counters, #name, numbers[COUNTER_##name]);
    ARENA_COUNTERS(X)
#undef X
    return counters;
}

void records_add(struct findings *findings, const struct reader *reader, const char *file, const char *fate)
{
    if (findings->arenas == NULL)
        return;
    if (json_array_size(findings->arenas) >= RECORDS_SHOWN) {
        findings->arenas_left_out++;
        return;
    }
    struct census census;
    json_t *record = json_object();
    census_take(&census, reader);
    set_text(record, "file", file);
    set_text(record, "program", reader->header.program);
    set_text(record, "host", reader->header.host);
    set_text(record, "worker", reader->header.worker);
    set_text(record, "fate", fate);
    set_number(record, "pid", reader->header.pid);
    set_number(record, "started", reader->header.started_ns / 1000000);
    set_number(record, "live", census.live);
    set_number(record, "held", census.held);
    set_number(record, "dead", census.dead);
    json_object_set_new(record, "kinds", kinds_of(reader, &census));
    json_object_set_new(record, "sites", sites_of(findings, reader, &census));
    if (census.site_count > SITES_SHOWN)
        set_number(record, "more_sites", census.site_count - SITES_SHOWN);
    json_object_set_new(record, "modules", modules_of(reader));
    json_object_set_new(record, "libraries", libraries_of(reader, &census));
    const struct sample_record *last = last_sample(reader);
    if (last != NULL) {
        json_object_set_new(record, "growth", growth_of_kinds(reader, last));
        json_object_set_new(record, "growth_sites", growth_of_sites(findings, reader, last));
    }
    json_object_set_new(record, "counters", counters_of(reader));
    json_array_append_new(findings->arenas, record);
    census_clear(&census);
    add_pictures(findings, reader);
}
