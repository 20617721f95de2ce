/* holdfast report --format otlp: each violation as an OpenTelemetry log record, a line of OTLP/JSON each, with the attributes of shim/report_otlp.c. */
#include "render.h"
#include "text.h"
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void add_string(json_t *attributes, const char *key, const char *value)
{
    if (value[0] != '\0')
        json_array_append_new(attributes, json_pack("{s:s, s:{s:o}}", "key", key, "value", "stringValue", json_text(value)));
}

/* 64-bit numbers are strings in protobuf's JSON. */
static void add_number(json_t *attributes, const char *key, json_int_t value)
{
    char *text = compose("%lld", (long long)value);
    json_array_append_new(attributes, json_pack("{s:s, s:{s:s}}", "key", key, "value", "intValue", text));
    free(text);
}

static void add_text(char **whole, char *addition)
{
    char *longer = compose("%s%s", *whole, addition);
    free(*whole);
    free(addition);
    *whole = longer;
}

static void add_stack(char **whole, const char *title, const json_t *stack)
{
    size_t index;
    json_t *frame;
    if (!json_is_object(stack))
        return;
    const char *function = member(stack, "function");
    add_text(whole, compose("%s%s%s:\n", title, function[0] != '\0' ? " by " : "", function));
    json_array_foreach(json_object_get(stack, "python"), index, frame)
        add_text(whole, compose("  File \"%s\", line %lld, in %s\n", member(frame, "file"), (long long)member_number(frame, "line"), member(frame, "function")));
    json_array_foreach(json_object_get(stack, "native"), index, frame) {
        const char *file = member(frame, "file"), *symbol = member(frame, "function");
        if (symbol[0] == '\0')
            symbol = member(frame, "symbol");
        add_text(whole, file[0] != '\0' ? compose("  at %s (%s:%lld)\n", symbol, file, (long long)member_number(frame, "line"))
                                        : compose("  at %s (%s+%s)\n", symbol, base_name(member(frame, "module")), member(frame, "offset")));
    }
}

static char *stack_trace(const json_t *violation)
{
    static const char *const roles[][2] = {{"used", "used"}, {"other", "meanwhile"}, {"obtained", "obtained"}, {"freed", "freed"}};
    const json_t *stacks = json_object_get(violation, "stacks");
    char *whole = duplicate("");
    for (size_t index = 0; index < sizeof roles / sizeof roles[0]; index++)
        add_stack(&whole, roles[index][1], json_object_get(stacks, roles[index][0]));
    if (whole[0] == '\0')
        add_text(&whole, duplicate(member(violation, "text")));
    return whole;
}

/* The line to change; else the user's line, "FILE:LINE". */
static void add_place(json_t *attributes, const struct finding *finding)
{
    const json_t *change = json_object_get(finding->violation, "change");
    const char *file = member(change, "file"), *colon = strrchr(finding->place, ':');
    if (file[0] != '\0') {
        add_string(attributes, "code.file.path", file);
        add_number(attributes, "code.line.number", member_number(change, "line"));
    } else if (colon != NULL && colon > finding->place && colon[1] != '\0' && strspn(colon + 1, "0123456789") == strlen(colon + 1)) {
        char *path = duplicate_bytes(finding->place, (size_t)(colon - finding->place));
        add_string(attributes, "code.file.path", path);
        add_number(attributes, "code.line.number", strtoll(colon + 1, NULL, 10));
        free(path);
    } else {
        add_string(attributes, "code.function.name", finding->place);
    }
}

static int severity_number(const char *severity)
{
    return strcmp(severity, "fatal") == 0 ? 21 : strcmp(severity, "error") == 0 ? 17 : strcmp(severity, "warning") == 0 ? 13 : 9;
}

/* "2026-01-02T03:04:05.678Z" as nanoseconds, "0" (unknown) when it is none. */
static char *nanoseconds(const char *text)
{
    struct tm parts = {0};
    int milliseconds = 0;
    if (sscanf(text, "%d-%d-%dT%d:%d:%d.%dZ", &parts.tm_year, &parts.tm_mon, &parts.tm_mday, &parts.tm_hour, &parts.tm_min, &parts.tm_sec, &milliseconds) != 7)
        return duplicate("0");
    parts.tm_year -= 1900;
    parts.tm_mon -= 1;
    return compose("%lld%03d000000", (long long)timegm(&parts), milliseconds);
}

static json_t *attributes_of(const struct finding *finding)
{
    const json_t *violation = finding->violation, *handle = json_object_get(violation, "handle");
    json_t *attributes = json_array();
    char *type = compose("holdfast.%s", member(violation, "rule")), *trace = stack_trace(violation);
    add_string(attributes, "holdfast.rule", member(violation, "rule"));
    add_string(attributes, "holdfast.rule.name", member(violation, "name"));
    add_string(attributes, "exception.type", type);
    add_string(attributes, "exception.message", member(violation, "message"));
    add_string(attributes, "exception.stacktrace", trace);
    add_place(attributes, finding);
    add_string(attributes, "holdfast.task", member(violation, "task"));
    if (member_number(violation, "thread") != 0)
        add_number(attributes, "thread.id", member_number(violation, "thread"));
    add_string(attributes, "holdfast.mode", member(violation, "mode"));
    add_string(attributes, "holdfast.action", member(violation, "action"));
    add_string(attributes, "holdfast.function", member(violation, "function"));
    add_string(attributes, "holdfast.handle.kind", member(handle, "kind"));
    add_string(attributes, "holdfast.handle.description", member(handle, "description"));
    add_string(attributes, "holdfast.handle.address", member(handle, "address"));
    add_string(attributes, "holdfast.parent.description", member(json_array_get(json_object_get(violation, "parents"), 0), "description"));
    add_string(attributes, "holdfast.remedy", member(violation, "remedy"));
    add_string(attributes, "holdfast.note", member(violation, "note"));
    add_number(attributes, "holdfast.count", finding->count);
    add_string(attributes, "holdfast.signature", finding->signature);
    free(type);
    free(trace);
    return attributes;
}

static void render_finding(FILE *stream, const struct finding *finding)
{
    const json_t *violation = finding->violation;
    const char *program = member(violation, "program");
    json_t *resource = json_array();
    char *time = nanoseconds(member(violation, "time"));
    add_string(resource, "service.name", program[0] != '\0' ? program : "unknown_service");
    add_string(resource, "host.name", member(violation, "host"));
    add_string(resource, "service.instance.id", member(violation, "worker"));
    add_number(resource, "process.pid", json_integer_value(json_array_get(finding->processes, 0)));
    add_string(resource, "process.executable.name", program);
    const char *severity = member(violation, "severity");
    int number = severity_number(severity);
    json_t *record = json_pack("{s:s, s:s, s:i, s:s, s:s, s:{s:o}, s:o}", "timeUnixNano", time, "observedTimeUnixNano", time, "severityNumber", number, "severityText",
                               number >= 21 ? "FATAL" : number >= 17 ? "ERROR" : number >= 13 ? "WARN" : "INFO", "eventName", "holdfast.violation", "body", "stringValue",
                               json_text(member(violation, "message")), "attributes", attributes_of(finding));
    json_t *line = json_pack("{s:[{s:{s:o}, s:[{s:{s:s, s:s}, s:[o]}]}]}", "resourceLogs", "resource", "attributes", resource, "scopeLogs", "scope", "name", "holdfast", "version",
                             HOLDFAST_VERSION, "logRecords", record);
    json_dumpf(line, stream, JSON_COMPACT);
    fputc('\n', stream);
    json_decref(line);
    free(time);
}

void render_otlp(FILE *stream, const struct findings *findings)
{
    for (size_t index = 0; index < findings->count; index++)
        render_finding(stream, &findings->items[index]);
}
