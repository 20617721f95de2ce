/* A report as an OpenTelemetry log record: one line of OTLP/JSON (protobuf's JSON mapping of LogsData), as the collector's OTLP/JSON file receiver takes it. The attributes are those
 * of the semantic conventions for exceptions and code, and holdfast.* for what those have no word for: see report_parts.h.
 */
#include "report_parts.h"
#include "context.h"
#include "lifecycle.h"
#include "stack.h"
#include "who.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TRACKER (&holdfast_tracker)

static char service[128]; /* OTEL_SERVICE_NAME, "" when it is not set */

void otlp_activate(void)
{
    const char *name = secure_getenv("OTEL_SERVICE_NAME");
    snprintf(service, sizeof service, "%s", name != NULL ? name : "");
}

static void put_key(const char *key)
{
    static bool first; /* behind a '[' */
    if (key == NULL)
    {
        first = true;
        return;
    }
    put("%s{\"key\":\"%s\",\"value\":", first ? "" : ",", key);
    first = false;
}

void put_otlp_string(const char *key, const char *value)
{
    put_key(key);
    put("{\"stringValue\":");
    put_json_string(value);
    put("}}");
}

/* 64-bit numbers are strings in protobuf's JSON. */
void put_otlp_number(const char *key, uint64_t value)
{
    put_key(key);
    put("{\"intValue\":\"%lu\"}}", (unsigned long)value);
}

static const char *severity_text(int number)
{
    return number >= 21 ? "FATAL" : number >= 17 ? "ERROR" : number >= 13 ? "WARN" : "INFO";
}

void put_otlp_begin(const char *event, int severity, const char *body)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    put("{\"resourceLogs\":[{\"resource\":{\"attributes\":[");
    put_key(NULL);
    put_otlp_string("service.name", service[0] != '\0' ? service : lifecycle_program());
    put_otlp_string("host.name", who_host());
    if (who_worker()[0] != '\0')
        put_otlp_string("service.instance.id", who_worker());
    put_otlp_number("process.pid", (uint64_t)getpid());
    put_otlp_string("process.executable.name", lifecycle_program());
    put("]},\"scopeLogs\":[{\"scope\":{\"name\":\"holdfast\",\"version\":\"%s\"},\"logRecords\":[{", HOLDFAST_VERSION);
    put("\"timeUnixNano\":\"%lld%09ld\",\"observedTimeUnixNano\":\"%lld%09ld\",\"severityNumber\":%d,\"severityText\":\"%s\",\"eventName\":\"%s\",\"body\":{\"stringValue\":",
        (long long)now.tv_sec, now.tv_nsec, (long long)now.tv_sec, now.tv_nsec, severity, severity_text(severity), event);
    put_json_string(body);
    put("},\"attributes\":[");
    put_key(NULL);
    put_otlp_number("thread.id", (uint64_t)gettid());
    if (who_task()[0] != '\0')
        put_otlp_string("holdfast.task", who_task());
}

void put_otlp_end(void)
{
    put("]}]}]}]}\n");
}

void put_otlp_text_begin(const char *key)
{
    put_key(key);
    put("{\"stringValue\":\"");
}

void put_otlp_text_end(void)
{
    put("\"}}");
}

void put_otlp_python_line(const struct python_frame_record *frame)
{
    if (frame == NULL)
        return;
    put("  File \\\"");
    put_json_text(tracker_text(TRACKER, frame->file));
    put("\\\", line %u, in ", frame->line);
    put_json_text(tracker_text(TRACKER, frame->function));
    put("\\n");
}

/* The stack as lines inside a JSON string. */
static void put_stack_lines(const char *title, stack_id id, uint16_t function, bool has_function)
{
    const struct stack_record *stack = stack_of(id);
    if (stack == NULL)
        return;
    put_json_text(title);
    if (has_function)
        put(" by %s", function_table[function].name);
    put(":\\n");
    for (unsigned i = 0; i < stack->python_count; i++)
    {
        put_otlp_python_line(python_frame(stack, i));
    }
    for (unsigned i = 0; i < stack->native_count; i++)
    {
        char native[500];
        native_frame_text(stack_word(stack, stack->python_count + i), native, sizeof native);
        if (strstr(native, "libholdfast.so") != NULL)
            continue;
        put("  at ");
        put_json_text(native);
        put("\\n");
    }
}

static int severity_number(const char *severity)
{
    return strcmp(severity, "fatal") == 0 ? 21 : strcmp(severity, "error") == 0 ? 17 : strcmp(severity, "warning") == 0 ? 13 : 9;
}

void put_otlp(const struct violation *violation, const struct rule *rule, const char *severity, const char *message, const char *remedy_words, const struct remedy *remedy,
              const char *suppression)
{
    static const char *const modes[] = {"report", "defer", "reject"};
    char text[64];
    put_otlp_begin("holdfast.violation", severity_number(severity), message);
    snprintf(text, sizeof text, "HF%u", rule->number);
    put_otlp_string("holdfast.rule", text);
    put_otlp_string("holdfast.rule.name", rule->name);
    snprintf(text, sizeof text, "holdfast.HF%u", rule->number);
    put_otlp_string("exception.type", text);
    put_otlp_string("exception.message", message);
    put_otlp_text_begin("exception.stacktrace");
    if (!violation->no_call)
        put_stack_lines("used", violation->used, violation->function, true);
    if (violation->has_other)
        put_stack_lines("meanwhile", violation->other, violation->other_function, true);
    if (violation->has_birth)
        put_stack_lines("obtained", violation->obtained, violation->birth_function, true);
    if (violation->has_death)
        put_stack_lines("freed", violation->freed, violation->death_function, !violation->no_death_function);
    put_otlp_text_end();
    struct place place = {0};
    if (remedy != NULL)
        place = find_place(stack_to_change(violation, remedy));
    if (place.found && place.python)
    {
        put_otlp_string("code.file.path", place.file);
        put_otlp_number("code.line.number", place.line);
        put_otlp_string("code.function.name", place.function);
    }
    else if (place.found)
        put_otlp_string("code.function.name", place.native);
    put_otlp_string("holdfast.mode", modes[holdfast_options.mode]);
    put_otlp_string("holdfast.action", action_name(violation->action));
    put_otlp_string("holdfast.function", violation->no_call ? "" : function_table[violation->function].name);
    put_otlp_string("holdfast.handle.kind", kind_table[violation->kind].name);
    put_otlp_string("holdfast.handle.description", violation->handle);
    snprintf(text, sizeof text, "0x%lx", (unsigned long)violation->address);
    put_otlp_string("holdfast.handle.address", text);
    if (violation->parent[0] != '\0')
        put_otlp_string("holdfast.parent.description", violation->parent);
    put_otlp_string("holdfast.remedy", remedy_words);
    if (violation->note[0] != '\0')
        put_otlp_string("holdfast.note", violation->note);
    if (violation->count > 0)
        put_otlp_number("holdfast.handle_count", violation->count);
    if (suppression[0] != '\0')
        put_otlp_string("holdfast.suppression", suppression);
    put_otlp_end();
}
