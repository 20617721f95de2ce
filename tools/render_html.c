/* holdfast report --format html: one page that needs nothing else, also no network. The page itself lies in tools/html; this file makes its data.
 *
 * The data stand in the page as JSON in a script element that is not executed. No '<' and nothing but ASCII is in it, so that no text of the program's can end the element; the
 * page's script puts texts into the document as texts only. Frames, stacks and texts that repeat stand once, in tables, and are named by their numbers: ten thousand
 * violations of one program have few of them. */
#include "page.h"
#include "records.h"
#include "render.h"
#include "rules.h"
#include "source_lines.h"
#include "text.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifndef HOLDFAST_VERSION
#error "HOLDFAST_VERSION is set by tools/meson.build"
#endif

#define VIOLATIONS_SHOWN 20000u
#define SNIPPETS_SHOWN 20000u
#define NOTICES_SHOWN 2000u
#define PROCESSES_SHOWN 20u

/* Things that stand once, numbered from 0. */
struct table {
    json_t *numbers; /* by key */
    json_t *rows;
};

struct page {
    const struct findings *findings;
    struct table strings, frames, stacks, pictures;
    json_t *snippets;
    struct sources *sources;
    json_t *missing; /* sentences: what the page does not show */
    size_t own_frames, sourceless_frames;
};

static struct table new_table(void)
{
    return (struct table){json_object(), json_array()};
}

static void free_table(struct table *table)
{
    json_decref(table->numbers);
}

/* Takes over the row. */
static json_int_t put(struct table *table, const char *key, json_t *row)
{
    json_t *known = json_object_get(table->numbers, key);
    if (known != NULL) {
        json_decref(row);
        return json_integer_value(known);
    }
    json_int_t number = (json_int_t)json_array_size(table->rows);
    if (json_object_set_new(table->numbers, key, json_integer(number)) != 0) { /* not UTF-8: it stands alone */
        json_array_append_new(table->rows, row);
        return number;
    }
    json_array_append_new(table->rows, row);
    return number;
}

static json_int_t put_string(struct page *page, const char *text)
{
    return put(&page->strings, text, json_text(text));
}

static json_int_t put_object(struct table *table, json_t *object)
{
    char *key = json_dumps(object, JSON_COMPACT | JSON_ENCODE_ANY);
    json_int_t number = put(table, key != NULL ? key : "", object);
    free(key);
    return number;
}

static void set_string(json_t *object, const char *name, const char *text)
{
    if (text[0] != '\0')
        json_object_set_new(object, name, json_text(text));
}

/* ---- stacks ---------------------------------------------------------------------------------------------------------------------- */

/* [file, line, function, module, offset, remark, snippet, installed]: texts by number; -1: no snippet. */
static json_int_t put_frame(struct page *page, const json_t *frame, bool native, int64_t seen)
{
    const char *file = member(frame, "file"), *function = member(frame, "function");
    json_int_t line = member_number(frame, "line"), snippet = -1;
    if (function[0] == '\0')
        function = member(frame, "symbol");
    json_t *row = json_array();
    json_array_append_new(row, json_integer(put_string(page, file)));
    json_array_append_new(row, json_integer(line));
    json_array_append_new(row, json_integer(put_string(page, function)));
    json_array_append_new(row, json_integer(put_string(page, member(frame, "module"))));
    json_array_append_new(row, json_integer(put_string(page, native ? member(frame, "offset") : "")));
    json_array_append_new(row, json_integer(put_string(page, member(frame, "remark"))));
    char *key = json_dumps(row, JSON_COMPACT);
    if (json_object_get(page->frames.numbers, key) == NULL) {
        bool installed = is_installed(file);
        json_t *lines = json_array_size(page->snippets) < SNIPPETS_SHOWN ? source_lines(page->sources, file, line, seen) : NULL;
        page->own_frames += !installed && file[0] != '\0';
        page->sourceless_frames += !installed && file[0] != '\0' && lines == NULL;
        if (lines != NULL) {
            snippet = (json_int_t)json_array_size(page->snippets);
            json_array_append_new(page->snippets, lines);
        }
        json_array_append_new(row, json_integer(snippet));
        json_array_append_new(row, json_integer(installed));
    }
    json_int_t number = put(&page->frames, key, row);
    free(key);
    return number;
}

static json_t *put_frames(struct page *page, const json_t *frames, bool native, int64_t seen)
{
    json_t *numbers = json_array();
    for (size_t index = 0; index < json_array_size(frames); index++)
        json_array_append_new(numbers, json_integer(put_frame(page, json_array_get(frames, index), native, seen)));
    return numbers;
}

/* [function, thread, [Python frames], [native frames]] */
static void set_stack(struct page *page, json_t *target, const char *name, const json_t *stack, int64_t seen)
{
    if (!json_is_object(stack))
        return;
    json_t *row = json_array();
    json_array_append_new(row, json_integer(put_string(page, member(stack, "function"))));
    json_array_append_new(row, json_integer(member_number(stack, "thread")));
    json_array_append_new(row, put_frames(page, json_object_get(stack, "python"), false, seen));
    json_array_append_new(row, put_frames(page, json_object_get(stack, "native"), true, seen));
    json_object_set_new(target, name, json_integer(put_object(&page->stacks, row)));
}

static json_t *stacks_of(struct page *page, const struct finding *finding)
{
    static const char *const names[] = {"obtained", "freed", "other", "used"};
    const json_t *stacks = json_object_get(finding->violation, "stacks");
    json_t *all = json_object();
    for (size_t index = 0; index < sizeof names / sizeof names[0]; index++)
        set_stack(page, all, names[index], json_object_get(stacks, names[index]), finding->last_seen);
    return all;
}

/* ---- a violation ------------------------------------------------------------------------------------------------------------------ */

static json_t *first_of(const json_t *array, size_t most)
{
    json_t *some = json_array();
    for (size_t index = 0; index < json_array_size(array) && index < most; index++)
        json_array_append(some, json_array_get(array, index));
    return some;
}

static json_t *violation_object(struct page *page, const struct finding *finding)
{
    static const char *const texts[] = {"rule", "name", "severity", "message", "mode", "function", "note", "remedy", "program", "host", "text"};
    const json_t *violation = finding->violation;
    struct stack_titles titles = stack_titles(member(violation, "rule"));
    json_t *object = json_object();
    for (size_t index = 0; index < sizeof texts / sizeof texts[0]; index++)
        set_string(object, texts[index], member(violation, texts[index]));
    set_string(object, "action", member_number(violation, "handle_count") > 0 ? "logged only" : words_for_action(member(violation, "action")));
    set_string(object, "place", finding->place);
    set_string(object, "used_title", titles.used);
    set_string(object, "freed_title", titles.freed);
    json_object_set_new(object, "count", json_integer(finding->count));
    json_object_set_new(object, "first", json_integer(finding->first_seen));
    json_object_set_new(object, "last", json_integer(finding->last_seen));
    json_object_set_new(object, "processes", first_of(finding->processes, PROCESSES_SHOWN));
    json_object_set_new(object, "process_count", json_integer((json_int_t)finding->process_count));
    json_object_set_new(object, "workers", first_of(finding->workers, PROCESSES_SHOWN));
    json_object_set_new(object, "handles", json_integer(member_number(violation, "handle_count")));
    if (json_is_object(json_object_get(violation, "handle")))
        json_object_set(object, "handle", json_object_get(violation, "handle"));
    if (json_is_array(json_object_get(violation, "parents")))
        json_object_set(object, "parents", json_object_get(violation, "parents"));
    if (json_is_object(json_object_get(violation, "change")))
        json_object_set(object, "change", json_object_get(violation, "change"));
    json_object_set_new(object, "stacks", stacks_of(page, finding));
    json_t *picture = records_picture(page->findings, violation);
    if (picture != NULL)
        json_object_set_new(object, "picture", json_integer(put_object(&page->pictures, picture)));
    return object;
}

/* ---- a crash ---------------------------------------------------------------------------------------------------------------------- */

static json_t *crash_object(struct page *page, const json_t *crash)
{
    static const char *const texts[] = {"severity", "message", "program", "host", "worker", "text"};
    const json_t *handle = json_object_get(crash, "handle"), *story = json_object_get(handle, "stacks");
    int64_t when = time_from_text(member(crash, "time"));
    json_t *object = json_object(), *stacks = json_object();
    for (size_t index = 0; index < sizeof texts / sizeof texts[0]; index++)
        set_string(object, texts[index], member(crash, texts[index]));
    json_object_set_new(object, "pid", json_integer(member_number(crash, "pid")));
    json_object_set_new(object, "when", json_integer(when));
    set_string(object, "handle", member(handle, "description"));
    set_stack(page, stacks, "obtained", json_object_get(story, "obtained"), when);
    set_stack(page, stacks, "freed", json_object_get(story, "freed"), when);
    set_stack(page, stacks, "crashed", json_object_get(json_object_get(crash, "stacks"), "crashed"), when);
    json_object_set_new(object, "stacks", stacks);
    return object;
}

static json_t *crashes_of(struct page *page)
{
    size_t index;
    json_t *crash, *all = json_array();
    json_array_foreach(page->findings->crashes, index, crash)
        json_array_append_new(all, crash_object(page, crash));
    return all;
}

static int more_often(const void *left, const void *right)
{
    const struct finding *const *a = left, *const *b = right;
    if ((*a)->count != (*b)->count)
        return (*a)->count > (*b)->count ? -1 : 1;
    return *a < *b ? -1 : *a > *b;
}

__attribute__((format(printf, 2, 3))) static void tell_missing(struct page *page, const char *format, ...)
{
    va_list values;
    char *text = NULL;
    va_start(values, format);
    int bytes = vasprintf(&text, format, values);
    va_end(values);
    if (bytes >= 0)
        json_array_append_new(page->missing, json_text(text));
    free(text);
}

/* The most frequent ones first, so that those that are left out are the rarest. */
static json_t *violations_of(struct page *page)
{
    const struct findings *findings = page->findings;
    const struct finding **order = allocate((findings->count + 1) * sizeof *order);
    size_t shown = findings->count < VIOLATIONS_SHOWN ? findings->count : VIOLATIONS_SHOWN;
    json_t *all = json_array();
    for (size_t index = 0; index < findings->count; index++)
        order[index] = &findings->items[index];
    qsort(order, findings->count, sizeof *order, more_often);
    for (size_t index = 0; index < shown; index++)
        json_array_append_new(all, violation_object(page, order[index]));
    free(order);
    if (shown < findings->count)
        tell_missing(page, "%zu violations are not in this page: it holds the %u most frequent ones. --format json has all.", findings->count - shown, VIOLATIONS_SHOWN);
    return all;
}

static json_t *rules_of(const json_t *violations)
{
    json_t *all = json_object();
    for (size_t index = 0; index < json_array_size(violations); index++) {
        const char *id = member(json_array_get(violations, index), "rule");
        const struct rule *rule = rule_by_text(id);
        if (rule == NULL || json_object_get(all, id) != NULL)
            continue;
        json_t *one = json_object();
        set_string(one, "name", rule->name);
        set_string(one, "severity", severity_name(rule->severity));
        set_string(one, "summary", rule->summary);
        set_string(one, "explanation", rule->explanation);
        set_string(one, "mending", rule->mending);
        json_object_set_new(all, id, one);
    }
    return all;
}

/* ---- the page --------------------------------------------------------------------------------------------------------------------- */

static void tell_what_is_missing(struct page *page)
{
    const struct findings *findings = page->findings;
    if (page->sourceless_frames != 0)
        tell_missing(page, "The source of %zu of %zu places of the program could not be read here when the report was made.", page->sourceless_frames, page->own_frames);
    if (json_array_size(findings->arenas) == 0)
        tell_missing(page, "No record was among the files: what lives in what is known from the log only, and nothing is known of handles that made no mistake. The option record= writes one.");
    if (findings->arenas_left_out != 0)
        tell_missing(page, "%zu more records were read for their violations only.", findings->arenas_left_out);
    if (json_array_size(findings->notices) > NOTICES_SHOWN)
        tell_missing(page, "%zu notices are left out.", json_array_size(findings->notices) - (size_t)NOTICES_SHOWN);
}

static json_t *document_of(struct page *page)
{
    const struct findings *findings = page->findings;
    json_t *document = json_object(), *violations = violations_of(page), *crashes = crashes_of(page);
    char *now = time_to_text((int64_t)time(NULL) * 1000);
    tell_what_is_missing(page);
    set_string(document, "version", HOLDFAST_VERSION);
    set_string(document, "made", now);
    free(now);
    json_object_set_new(document, "files", json_integer((json_int_t)findings->files));
    json_object_set_new(document, "rules", rules_of(violations));
    json_object_set_new(document, "violations", violations);
    json_object_set_new(document, "crashes", crashes);
    json_object_set_new(document, "strings", page->strings.rows);
    json_object_set_new(document, "frames", page->frames.rows);
    json_object_set_new(document, "stacks", page->stacks.rows);
    json_object_set_new(document, "pictures", page->pictures.rows);
    json_object_set_new(document, "snippets", page->snippets);
    json_object_set(document, "totals", findings->totals);
    json_object_set_new(document, "notices", first_of(findings->notices, NOTICES_SHOWN));
    json_object_set(document, "problems", findings->problems);
    if (findings->arenas != NULL)
        json_object_set(document, "records", findings->arenas);
    json_object_set_new(document, "missing", page->missing);
    return document;
}

/* In JSON a '<' is in a text only. */
static int write_safely(const char *bytes, size_t count, void *stream)
{
    for (size_t done = 0; done < count;) {
        const char *less = memchr(bytes + done, '<', count - done);
        size_t part = less != NULL ? (size_t)(less - bytes) - done : count - done;
        if (fwrite(bytes + done, 1, part, stream) != part || (less != NULL && fputs("\\u003c", stream) == EOF))
            return -1;
        done += part + (less != NULL);
    }
    return 0;
}

void render_html(FILE *stream, const struct findings *findings)
{
    struct page page = {.findings = findings, .strings = new_table(), .frames = new_table(), .stacks = new_table(), .pictures = new_table(), .snippets = json_array(), .sources = sources_open(), .missing = json_array()};
    json_t *document = document_of(&page);
    fwrite(page_head, 1, page_head_bytes, stream);
    json_dump_callback(document, write_safely, stream, JSON_COMPACT | JSON_ENSURE_ASCII);
    fwrite(page_tail, 1, page_tail_bytes, stream);
    json_decref(document);
    free_table(&page.strings);
    free_table(&page.frames);
    free_table(&page.stacks);
    free_table(&page.pictures);
    sources_close(page.sources);
}
