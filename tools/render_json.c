/* holdfast report --format json: one document, its violations as in schema 1 of the log with count, signature, first_seen,
 * last_seen, processes, workers and place added. */
#include "render.h"
#include "text.h"
#include <jansson.h>
#include <stdlib.h>

static void set_time(json_t *violation, const char *name, int64_t time)
{
    char *text = time_to_text(time);
    if (text[0] != '\0')
        json_object_set_new(violation, name, json_string(text));
    free(text);
}

static json_t *violations(const struct findings *findings)
{
    json_t *all = json_array();
    for (size_t index = 0; index < findings->count; index++) {
        const struct finding *finding = &findings->items[index];
        json_t *violation = json_copy(finding->violation);
        json_object_set_new(violation, "count", json_integer(finding->count));
        set_time(violation, "first_seen", finding->first_seen);
        set_time(violation, "last_seen", finding->last_seen);
        json_object_set(violation, "processes", finding->processes);
        json_object_set(violation, "workers", finding->workers);
        json_object_set_new(violation, "process_count", json_integer((json_int_t)finding->process_count));
        json_object_set_new(violation, "worker_count", json_integer((json_int_t)finding->worker_count));
        json_object_set_new(violation, "place", json_text(finding->place));
        json_object_set_new(violation, "signature", json_text(finding->signature));
        if (finding->elsewhere > 0)
            json_object_set_new(violation, "elsewhere", json_integer(finding->elsewhere));
        if (findings->baseline != NULL)
            json_object_set_new(violation, "baseline", json_string(finding->known ? "known" : "new"));
        json_array_append_new(all, violation);
    }
    return all;
}

static json_t *suppressions(const struct findings *findings)
{
    json_t *all = json_array();
    struct suppression_count entry;
    for (unsigned index = 0; suppressor_entry(findings->suppressor, index, &entry); index++) {
        json_t *one = json_object();
        json_object_set_new(one, "name", json_text(entry.name));
        json_object_set_new(one, "file", json_text(entry.file));
        json_object_set_new(one, "line", json_integer(entry.line));
        json_object_set_new(one, "count", json_integer((json_int_t)entry.count));
        json_array_append_new(all, one);
    }
    return all;
}

void render_json(FILE *stream, const struct findings *findings)
{
    json_t *document = json_object();
    json_object_set_new(document, "schema", json_integer(SCHEMA_VERSION));
    json_object_set_new(document, "type", json_string("report"));
    json_object_set_new(document, "violations", violations(findings));
    if (findings->hidden > 0)
        json_object_set_new(document, "hidden", json_integer((json_int_t)findings->hidden));
    json_object_set_new(document, "rules", findings_by_rule(findings));
    json_object_set_new(document, "places", findings_by_place(findings));
    json_object_set(document, "totals", findings->totals);
    json_object_set_new(document, "suppressions", suppressions(findings));
    json_t *notices = json_copy(findings->crashes);
    json_array_extend(notices, findings->notices);
    json_object_set_new(document, "notices", notices);
    json_object_set(document, "problems", findings->problems);
    json_object_set_new(document, "symbols_missing", symbolizer_missing(findings->symbolizer));
    json_dumpf(document, stream, JSON_INDENT(2));
    fputc('\n', stream);
    json_decref(document);
}
