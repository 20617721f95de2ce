/* holdfast report --format sarif: SARIF 2.1.0, as GitHub's code scanning and other viewers of static analysis read it.
 *
 * A finding is a result at the user's line, with its biography as a code flow (obtained, freed, used) and as stacks. Files below the source root are relative to it
 * (%SRCROOT%), so that a viewer finds them in its own checkout. The signature is the partial fingerprint by which a viewer knows a result again: it does not hold
 * lines, so a result is not taken for a new one because lines moved. */
#include "places.h"
#include "render.h"
#include "rules.h"
#include "text.h"
#include <stdlib.h>
#include <string.h>

#define SCHEMA "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
#define ROOT "SRCROOT"

/* ---- places ------------------------------------------------------------------------------------------------------------ */

/* A path as part of an URI. */
static char *uri_of(const char *prefix, const char *path)
{
    char *uri = allocate(strlen(prefix) + 3 * strlen(path) + 3), *end = stpcpy(uri, prefix);
    /* "a:b.c" would be read as an address of the kind "a". */
    if (prefix[0] == '\0' && strcspn(path, ":") < strcspn(path, "/"))
        end = stpcpy(end, "./");
    for (const unsigned char *byte = (const unsigned char *)path; *byte != '\0'; byte++) {
        bool plain = (*byte >= '0' && *byte <= '9') || (*byte >= 'A' && *byte <= 'Z') || (*byte >= 'a' && *byte <= 'z') || strchr("-._~/!$&'()*+,;=:@", *byte) != NULL;
        end += plain ? sprintf(end, "%c", *byte) : sprintf(end, "%%%02X", (unsigned)*byte);
    }
    return uri;
}

static json_t *artifact(const struct findings *findings, const char *file)
{
    const char *below = below_root(findings->source_root, file);
    bool relative = below[0] != '/';
    char *uri = uri_of(relative ? "" : "file://", below);
    json_t *location = json_pack("{s:s}", "uri", uri);
    if (relative)
        json_object_set_new(location, "uriBaseId", json_string(ROOT));
    free(uri);
    return location;
}

/* A location without a file has its names alone. Any of the arguments may be empty or 0. */
static json_t *location_of(const struct findings *findings, const char *file, json_int_t line, const char *function, const char *module)
{
    json_t *location = json_object();
    if (file[0] != '\0') {
        json_t *physical = json_pack("{s:o}", "artifactLocation", artifact(findings, file));
        if (line > 0)
            json_object_set_new(physical, "region", json_pack("{s:I}", "startLine", line));
        json_object_set_new(location, "physicalLocation", physical);
    }
    if (function[0] != '\0') {
        json_t *logical = json_pack("{s:o, s:s}", "fullyQualifiedName", json_text(function), "kind", "function");
        if (module[0] != '\0')
            json_object_set_new(logical, "decoratedName", json_text(module));
        json_object_set_new(location, "logicalLocations", json_pack("[o]", logical));
    }
    return location;
}

static json_t *location_of_frame(const struct findings *findings, const json_t *frame)
{
    const char *function = member(frame, "function"), *module = member(frame, "module");
    if (function[0] == '\0')
        function = member(frame, "symbol");
    char *name = function[0] != '\0' || module[0] == '\0' ? duplicate(function) : compose("%s+%s", base_name(module), member(frame, "offset"));
    json_t *location = location_of(findings, member(frame, "file"), member_number(frame, "line"), name, "");
    free(name);
    return location;
}

static json_t *with_message(json_t *location, const char *text)
{
    json_object_set_new(location, "message", json_pack("{s:o}", "text", json_text(text)));
    return location;
}

/* Where the finding is: the user's line; else the line to change; else the program or library whose code it was. */
static json_t *place_of(const struct findings *findings, const struct finding *finding)
{
    const json_t *change = json_object_get(finding->violation, "change"), *used = json_object_get(json_object_get(finding->violation, "stacks"), "used");
    const json_t *frame = own_frame(used);
    long line = 0;
    char *file = file_of_place(finding->place, &line);
    json_t *location;
    if (file != NULL)
        location = location_of(findings, file, line, member(frame, "function"), "");
    else if (member(change, "file")[0] != '\0')
        location = location_of(findings, member(change, "file"), member_number(change, "line"), finding->place, "");
    else
        location = location_of(findings, member(json_array_get(json_object_get(used, "native"), 0), "module"), 0, finding->place, "");
    free(file);
    return location;
}

/* ---- the biography ----------------------------------------------------------------------------------------------------------- */

static const struct {
    const char *name, *words;
} roles[] = {{"obtained", "the handle was obtained here"}, {"freed", "it was freed here"}, {"other", "meanwhile, in another thread"}, {"used", "it was used here"}};

static json_t *stack_of(const struct findings *findings, const json_t *stack, const char *words)
{
    static const char *const kinds[] = {"native", "python"}; /* innermost first */
    json_t *frames = json_array(), *frame;
    for (size_t kind = 0; kind < 2; kind++) {
        size_t index;
        json_array_foreach(json_object_get(stack, kinds[kind]), index, frame)
            json_array_append_new(frames, json_pack("{s:o}", "location", location_of_frame(findings, frame)));
    }
    const char *function = member(stack, "function");
    char *text = compose("%s%s%s", words, function[0] != '\0' ? ", by " : "", function);
    json_t *whole = json_pack("{s:{s:o}, s:o}", "message", "text", json_text(text), "frames", frames);
    free(text);
    return whole;
}

static void add_biography(json_t *result, const struct findings *findings, const json_t *violation)
{
    const json_t *all = json_object_get(violation, "stacks");
    json_t *stacks = json_array(), *steps = json_array(), *related = json_array();
    for (size_t index = 0; index < sizeof roles / sizeof roles[0]; index++) {
        const json_t *stack = json_object_get(all, roles[index].name), *frame = own_frame(stack);
        if (!json_is_object(stack))
            continue;
        json_array_append_new(stacks, stack_of(findings, stack, roles[index].words));
        if (frame == NULL)
            continue;
        json_array_append_new(steps, json_pack("{s:o}", "location", with_message(location_of_frame(findings, frame), roles[index].words)));
        if (strcmp(roles[index].name, "used") != 0) {
            json_t *location = with_message(location_of_frame(findings, frame), roles[index].words);
            json_object_set_new(location, "id", json_integer((json_int_t)index + 1));
            json_array_append_new(related, location);
        }
    }
    json_t *flow = json_array_size(steps) > 1 ? json_pack("[{s:[{s:O}]}]", "threadFlows", "locations", steps) : NULL;
    if (flow != NULL)
        json_object_set_new(result, "codeFlows", flow);
    if (json_array_size(stacks) != 0)
        json_object_set(result, "stacks", stacks);
    if (json_array_size(related) != 0)
        json_object_set(result, "relatedLocations", related);
    json_decref(stacks);
    json_decref(steps);
    json_decref(related);
}

/* ---- results ------------------------------------------------------------------------------------------------------------------- */

static const char *level_of(const char *severity)
{
    int rank = severity_rank(severity);
    return rank >= 2 ? "error" : rank == 1 ? "warning" : "note";
}

static void set_seen(json_t *properties, const char *name, int64_t time)
{
    char *text = time_to_text(time);
    if (text[0] != '\0')
        json_object_set_new(properties, name, json_string(text));
    free(text);
}

static json_t *properties_of(const struct finding *finding)
{
    const json_t *violation = finding->violation, *handle = json_object_get(violation, "handle");
    static const char *const names[] = {"program", "host", "worker", "task", "mode", "action", "function", "note"};
    json_t *properties = json_object();
    for (size_t index = 0; index < sizeof names / sizeof names[0]; index++)
        if (member(violation, names[index])[0] != '\0')
            json_object_set_new(properties, names[index], json_text(member(violation, names[index])));
    if (member(handle, "description")[0] != '\0')
        json_object_set_new(properties, "handle", json_text(member(handle, "description")));
    json_object_set_new(properties, "processes", json_integer((json_int_t)finding->process_count));
    set_seen(properties, "firstSeen", finding->first_seen);
    set_seen(properties, "lastSeen", finding->last_seen);
    return properties;
}

static unsigned rule_number(const char *rule)
{
    return (unsigned)strtoul(rule + 2, NULL, 10);
}

static json_t *result_of(const struct findings *findings, const struct finding *finding)
{
    const json_t *violation = finding->violation;
    const char *rule = member(violation, "rule"), *remedy = member(violation, "remedy");
    const struct rule *known = rule_by_number(rule_number(rule));
    char *text = compose("%s%s%s", member(violation, "message"), remedy[0] != '\0' ? ". Remedy: " : "", remedy);
    json_t *result = json_pack("{s:s, s:s, s:{s:o}, s:[o], s:{s:s}, s:I, s:o}", "ruleId", rule, "level", level_of(member(violation, "severity")), "message", "text", json_text(text), "locations",
                               place_of(findings, finding), "partialFingerprints", "holdfastSignature/v1", finding->signature, "occurrenceCount", finding->count, "properties",
                               properties_of(finding));
    if (known != NULL)
        json_object_set_new(result, "ruleIndex", json_integer((json_int_t)(known - rules)));
    if (findings->baseline != NULL)
        json_object_set_new(result, "baselineState", json_string(finding->known ? "unchanged" : "new"));
    add_biography(result, findings, violation);
    free(text);
    return result;
}

/* All rules, whether or not there is a result: a viewer then tells what was looked for. */
static json_t *rules_table(void)
{
    json_t *table = json_array();
    for (size_t index = 0; index < rule_count; index++) {
        char *id = compose("HF%u", rules[index].number);
        json_array_append_new(table, json_pack("{s:s, s:s, s:{s:o}, s:{s:o}, s:{s:o}, s:{s:s}, s:{s:[s, s]}}", "id", id, "name", rules[index].name, "shortDescription", "text",
                                               json_text(rules[index].summary), "fullDescription", "text", json_text(rules[index].explanation), "help", "text", json_text(rules[index].mending),
                                               "defaultConfiguration", "level", level_of(severity_name(rules[index].severity)), "properties", "tags", "memory", "gdal"));
        free(id);
    }
    return table;
}

/* What could not be read is told as the run's own trouble. */
static json_t *invocation(const struct findings *findings)
{
    json_t *notifications = json_array(), *problem;
    size_t index;
    json_array_foreach(findings->problems, index, problem) {
        char *text = compose("%s: %s", member(problem, "file"), member(problem, "message"));
        json_array_append_new(notifications, json_pack("{s:s, s:{s:o}}", "level", "error", "message", "text", json_text(text)));
        free(text);
    }
    return json_pack("{s:b, s:o}", "executionSuccessful", json_array_size(findings->problems) == 0, "toolExecutionNotifications", notifications);
}

void render_sarif(FILE *stream, const struct findings *findings)
{
    json_t *results = json_array();
    for (size_t index = 0; index < findings->count; index++)
        json_array_append_new(results, result_of(findings, &findings->items[index]));
    char *root = uri_of("file://", findings->source_root != NULL ? findings->source_root : "/");
    json_t *run = json_pack("{s:{s:{s:s, s:s, s:s, s:o}}, s:[o], s:{s:{s:s}}, s:s, s:o}", "tool", "driver", "name", "Holdfast", "version", HOLDFAST_VERSION, "semanticVersion", HOLDFAST_VERSION,
                            "rules", rules_table(), "invocations", invocation(findings), "originalUriBaseIds", ROOT, "uri", root, "columnKind", "unicodeCodePoints", "results", results);
    json_t *document = json_pack("{s:s, s:s, s:[o]}", "$schema", SCHEMA, "version", "2.1.0", "runs", run);
    json_dumpf(document, stream, JSON_INDENT(1));
    fputc('\n', stream);
    json_decref(document);
    free(root);
}
