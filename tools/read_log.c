/* Reading logs: see inputs.h. The text form is what shim writes with log_format=text, the other is schema 1 of holdfast.1.
 *
 * A text report is a run of lines that start with "==PID== ": first "Holdfast HFnnn name (severity): message", last an empty one.
 * Several processes may write to one stderr, so a report is put together per process. Lines that are no Holdfast lines are the
 * program's own and are passed over. */
#include "inputs.h"
#include "baseline.h"
#include "buffer.h"
#include "glance.h"
#include "lines.h"
#include "text.h"
#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define REPORT_LINES_BYTES (64u << 10) /* of a text report; the library's own have some KiB */
#define OPEN_REPORTS_MAX 256u          /* processes whose reports can be interleaved in one file */

/* A text report whose end was not seen yet. */
struct open_report {
    struct open_report *next;
    json_int_t pid;
    json_t *violation;
    struct buffer text;
};

struct log {
    struct findings *findings;
    struct log_reading *reading;
    const char *file;
    struct open_report *open;
    size_t open_count;
    size_t line_number;
    uint64_t offset;    /* of that line in the file */
    size_t known_lines; /* lines that are Holdfast's */
    size_t damaged_lines;
    char *first_damage;
    bool among_others; /* one of all files of a directory */
};

__attribute__((format(printf, 2, 3))) static void damage(struct log *log, const char *format, ...)
{
    va_list values;
    char *what = NULL;
    va_start(values, format);
    if (log->damaged_lines++ == 0 && vasprintf(&what, format, values) >= 0)
        log->first_damage = what;
    va_end(values);
}

/* ---- text --------------------------------------------------------------------------------------------------------------- */

/* The number and the text after "==PID== " (the blank may be missing at the end of a line). NULL: no such line. */
static const char *after_prefix(const char *line, json_int_t *pid)
{
    size_t digits = strncmp(line, "==", 2) == 0 ? strspn(line + 2, "0123456789") : 0;
    if (digits == 0 || digits > 9 || strncmp(line + 2 + digits, "==", 2) != 0)
        return NULL;
    *pid = strtol(line + 2, NULL, 10);
    const char *rest = line + 4 + digits;
    return *rest == ' ' ? rest + 1 : *rest == '\0' ? rest : NULL;
}

static struct open_report *find_open(struct log *log, json_int_t pid)
{
    struct open_report *report = log->open;
    while (report != NULL && report->pid != pid)
        report = report->next;
    return report;
}

static void close_report(struct log *log, struct open_report *report)
{
    struct open_report **link = &log->open;
    while (*link != report)
        link = &(*link)->next;
    *link = report->next;
    log->open_count--;
    json_object_set_new(report->violation, "text", json_text(report->text.text != NULL ? report->text.text : ""));
    if (strcmp(member(report->violation, "type"), "crash") == 0)
        findings_add_crash(log->findings, report->violation);
    else
        findings_add_violation(log->findings, report->violation);
    buffer_clear(&report->text);
    free(report);
}

/* "  worker    NAME": who had it, which is the same mistake as everybody else's. */
static bool take_who(struct open_report *report, const char *line)
{
    static const char *const names[] = {"worker", "task", "host"};
    for (size_t index = 0; index < sizeof names / sizeof names[0]; index++) {
        size_t length = strlen(names[index]), blanks = strncmp(line, "  ", 2) == 0 && strncmp(line + 2, names[index], length) == 0 ? strspn(line + 2 + length, " ") : 0;
        if (blanks == 0)
            continue;
        json_object_set_new(report->violation, names[index], json_text(line + 2 + length + blanks));
        return true;
    }
    return false;
}

static void append_line(struct open_report *report, const char *line)
{
    if (!take_who(report, line) && report->text.bytes + strlen(line) < REPORT_LINES_BYTES)
        buffer_add_line(&report->text, line);
}

/* "crash (error): message" */
static const char crash_heading[] = "crash (error): ";

static json_t *crash_of(const char *message, json_int_t pid)
{
    json_t *crash = json_object();
    json_object_set_new(crash, "schema", json_integer(SCHEMA_VERSION));
    json_object_set_new(crash, "type", json_string("crash"));
    json_object_set_new(crash, "name", json_string("crash"));
    json_object_set_new(crash, "severity", json_string("error"));
    json_object_set_new(crash, "pid", json_integer(pid));
    json_object_set_new(crash, "message", json_text(message));
    return crash;
}

/* "HF101 stale-use (error): message" */
static json_t *violation_from_heading(const char *heading, json_int_t pid)
{
    char rule[6], name[64], severity[16];
    int message = 0;
    if (!is_rule_id(heading) || sscanf(heading, "%5s %63s (%15[a-z]): %n", rule, name, severity, &message) != 3 || message == 0)
        return NULL;
    json_t *violation = json_object();
    json_object_set_new(violation, "schema", json_integer(SCHEMA_VERSION));
    json_object_set_new(violation, "type", json_string("violation"));
    json_object_set_new(violation, "rule", json_text(rule));
    json_object_set_new(violation, "name", json_text(name));
    json_object_set_new(violation, "severity", json_text(severity));
    json_object_set_new(violation, "message", json_text(heading + message));
    json_object_set_new(violation, "pid", json_integer(pid));
    return violation;
}

static void open_text_report(struct log *log, const char *heading, json_int_t pid)
{
    struct open_report *unfinished = find_open(log, pid);
    if (unfinished != NULL) {
        damage(log, "line %zu, at byte %" PRIu64 ": a report starts before the one above it has ended", log->line_number, log->offset);
        close_report(log, unfinished);
    }
    bool is_crash = strncmp(heading, crash_heading, sizeof crash_heading - 1) == 0;
    json_t *violation = is_crash ? crash_of(heading + sizeof crash_heading - 1, pid) : violation_from_heading(heading, pid);
    if (violation == NULL) {
        damage(log, "line %zu, at byte %" PRIu64 ": the first line of a report is damaged", log->line_number, log->offset);
        return;
    }
    if (log->open_count == OPEN_REPORTS_MAX) {
        struct open_report *oldest = log->open;
        while (oldest->next != NULL)
            oldest = oldest->next;
        damage(log, "line %zu, at byte %" PRIu64 ": reports of more than %u processes have begun and not ended", log->line_number, log->offset, OPEN_REPORTS_MAX);
        close_report(log, oldest);
    }
    struct open_report *report = allocate(sizeof *report);
    *report = (struct open_report){.next = log->open, .pid = pid, .violation = violation};
    log->open = report;
    log->open_count++;
}

/* "N violations (HF101: 2), M repeats, K refused": a number before each word; 1 repeat has no s. */
static void read_text_summary(struct log *log, json_int_t pid, const char *text)
{
    static const struct {
        const char *member, *word;
    } words[] = {{"repeats", "repeat"}, {"refused", "refused"}, {"held", "held"}, {"suppressed", "suppressed"}};
    json_t *summary = json_object();
    json_object_set_new(summary, "pid", json_integer(pid));
    for (size_t index = 0; index < sizeof words / sizeof words[0]; index++) {
        const char *word = strstr(text, words[index].word);
        while (word != NULL && word > text && !isdigit((unsigned char)word[-1]) && word[-1] != ',')
            word--;
        while (word != NULL && word > text && isdigit((unsigned char)word[-1]))
            word--;
        if (word != NULL)
            json_object_set_new(summary, words[index].member, json_integer(strtol(word, NULL, 10)));
    }
    findings_add_summary(log->findings, summary);
}

static void add_notice(struct log *log, json_int_t pid, const char *message)
{
    json_t *notice = json_object();
    json_object_set_new(notice, "schema", json_integer(SCHEMA_VERSION));
    json_object_set_new(notice, "type", json_string("notice"));
    json_object_set_new(notice, "pid", json_integer(pid));
    json_object_set_new(notice, "message", json_text(message));
    findings_add_notice(log->findings, notice);
}

/* `complete`: the line has its end. A cut line that looks like the empty last one of a report is none. */
static void read_text_line(struct log *log, const char *text, json_int_t pid, bool complete)
{
    static const char sign[] = "Holdfast";
    struct open_report *report = find_open(log, pid);
    bool is_ours = strncmp(text, sign, sizeof sign - 1) == 0;
    if (is_ours || report != NULL)
        log->known_lines++;
    if (is_ours && (strncmp(text + sizeof sign - 1, " HF", 3) == 0 || (text[sizeof sign - 1] == ' ' && strncmp(text + sizeof sign, crash_heading, sizeof crash_heading - 1) == 0)))
        open_text_report(log, text + sizeof sign, pid);
    else if (report != NULL && text[0] == '\0' && complete)
        close_report(log, report);
    else if (report != NULL)
        append_line(report, text);
    else if (is_ours && strncmp(text + sizeof sign - 1, " summary:", 9) == 0)
        read_text_summary(log, pid, text + sizeof sign + 8);
    else if (is_ours)
        add_notice(log, pid, text + sizeof sign - 1 + strspn(text + sizeof sign - 1, ": "));
}

/* ---- JSON Lines ------------------------------------------------------------------------------------------------------------ */

/* The number of the finding, when it became one. */
static uint32_t read_object(struct log *log, json_t *object)
{
    const char *type = member(object, "type");
    if (member_number(object, "schema") > SCHEMA_VERSION)
        damage(log, "line %zu, at byte %" PRIu64 ", has schema %lld, this command knows schema %d: read it with the holdfast that wrote it",
               log->line_number, log->offset, (long long)member_number(object, "schema"), SCHEMA_VERSION);
    else if (strcmp(type, "violation") == 0 && is_rule_id(member(object, "rule")))
        return findings_add_violation(log->findings, json_incref(object));
    else if (strcmp(type, "violation") == 0)
        damage(log, "line %zu, at byte %" PRIu64 ", is a violation without a rule", log->line_number, log->offset);
    else if (strcmp(type, "notice") == 0)
        findings_add_notice(log->findings, json_incref(object));
    else if (strcmp(type, "crash") == 0)
        findings_add_crash(log->findings, json_incref(object));
    else if (strcmp(type, "summary") == 0)
        findings_add_summary(log->findings, json_incref(object));
    return FINDING_NONE;
}

/* ---- OpenTelemetry's log records, as log_format=otlp writes them: what they keep of a violation ----------------------------------------- */

static const char *attribute(const json_t *attributes, const char *key)
{
    for (size_t index = 0; index < json_array_size(attributes); index++) {
        const json_t *pair = json_array_get(attributes, index), *value = json_object_get(pair, "value");
        if (strcmp(member(pair, "key"), key) == 0)
            return json_object_get(value, "intValue") != NULL ? member(value, "intValue") : member(value, "stringValue");
    }
    return "";
}

static void copy_attributes(json_t *object, const json_t *attributes, const char *const names[][2], size_t count)
{
    for (size_t index = 0; index < count; index++) {
        const char *value = attribute(attributes, names[index][1]);
        if (value[0] != '\0')
            json_object_set_new(object, names[index][0], json_text(value));
    }
}
#define COPY_ATTRIBUTES(object, attributes, names) copy_attributes(object, attributes, names, sizeof(names) / sizeof(names)[0])

/* What is in a native frame's brackets: "tool+0x1234" or "main.c:5". */
static void set_where(json_t *frame, char *where)
{
    char *offset = strrchr(where, '+'), *colon = strrchr(where, ':');
    if (offset != NULL && strncmp(offset, "+0x", 3) == 0) {
        *offset++ = '\0';
        json_object_set_new(frame, "module", json_text(where));
        json_object_set_new(frame, "offset", json_text(offset));
    } else if (colon != NULL) {
        *colon++ = '\0';
        json_object_set_new(frame, "file", json_text(where));
        json_object_set_new(frame, "line", json_integer(strtoll(colon, NULL, 10)));
    }
}

/* `  File "x.py", line 5, in work`, `  at main+0x12 (tool+0x1234)`, `  at main (main.c:5)`, `  at tool+0x1234`. */
static void add_frame(json_t *stack, const char *line)
{
    char *text = duplicate(line), *quote, *in;
    if (strncmp(text, "  File \"", 8) == 0 && (quote = strstr(text + 8, "\", line ")) != NULL && (in = strstr(quote, ", in ")) != NULL) {
        *quote = '\0';
        json_array_append_new(json_object_get(stack, "python"),
                              json_pack("{s:o, s:I, s:o}", "file", json_text(text + 8), "line", (json_int_t)strtoll(quote + 8, NULL, 10), "function", json_text(in + 5)));
    } else if (strncmp(text, "  at ", 5) == 0) {
        char *where = strstr(text + 5, " (");
        json_t *frame = json_object();
        if (where != NULL) {
            *where = '\0';
            where += 2;
            where[strcspn(where, ")")] = '\0';
            json_object_set_new(frame, "symbol", json_text(text + 5));
        }
        set_where(frame, where != NULL ? where : text + 5);
        json_array_append_new(json_object_get(stack, "native"), frame);
    }
    free(text);
}

/* The stacks of a record's exception.stacktrace: a title each ("used by GDALClose:"), then its frames. */
static json_t *stacks_of_trace(const char *trace)
{
    static const char *const titles[][2] = {{"used", "used"}, {"meanwhile", "other"}, {"obtained", "obtained"}, {"freed", "freed"}, {"crashed", "crashed"}};
    json_t *stacks = json_object(), *stack = NULL;
    while (*trace != '\0') {
        size_t bytes = strcspn(trace, "\n");
        char *line = duplicate_bytes(trace, bytes);
        for (size_t index = 0; line[0] != ' ' && index < sizeof titles / sizeof titles[0]; index++) {
            size_t length = strlen(titles[index][0]);
            if (strncmp(line, titles[index][0], length) != 0 || (line[length] != ':' && line[length] != ' '))
                continue;
            char *function = strncmp(line + length, " by ", 4) == 0 ? line + length + 4 : line + length;
            function[strcspn(function, ":")] = '\0';
            stack = json_pack("{s:o, s:[], s:[]}", "function", json_text(function), "python", "native");
            json_object_set_new(stacks, titles[index][1], stack);
        }
        if (line[0] == ' ' && stack != NULL)
            add_frame(stack, line);
        free(line);
        trace += bytes + (trace[bytes] == '\n');
    }
    return stacks;
}

/* Members of a violation that an attribute says; of its resource, of itself, and of its handle. */
static const char *const from_resource[][2] = {{"program", "service.name"}, {"host", "host.name"}, {"worker", "service.instance.id"}};
static const char *const from_attributes[][2] = {{"rule", "holdfast.rule"}, {"name", "holdfast.rule.name"}, {"message", "exception.message"}, {"task", "holdfast.task"},
                                                 {"mode", "holdfast.mode"}, {"action", "holdfast.action"},  {"function", "holdfast.function"}, {"remedy", "holdfast.remedy"},
                                                 {"note", "holdfast.note"}};
static const char *const of_handle[][2] = {{"kind", "holdfast.handle.kind"}, {"description", "holdfast.handle.description"}, {"address", "holdfast.handle.address"}};

static void set_time_and_stacks(json_t *object, const json_t *record, const json_t *attributes)
{
    char *time = time_to_text((int64_t)(strtoull(member(record, "timeUnixNano"), NULL, 10) / 1000000));
    if (time[0] != '\0')
        json_object_set_new(object, "time", json_text(time));
    free(time);
    json_object_set_new(object, "stacks", stacks_of_trace(attribute(attributes, "exception.stacktrace")));
}

static json_t *violation_of_record(const json_t *record, const json_t *resource)
{
    const json_t *attributes = json_object_get(record, "attributes");
    json_int_t number = member_number(record, "severityNumber");
    json_t *violation = json_object(), *handle = json_object();
    json_object_set_new(violation, "schema", json_integer(SCHEMA_VERSION));
    json_object_set_new(violation, "type", json_string("violation"));
    json_object_set_new(violation, "severity", json_string(number >= 21 ? "fatal" : number >= 17 ? "error" : number >= 13 ? "warning" : "advice"));
    json_object_set_new(violation, "pid", json_integer(strtoll(attribute(resource, "process.pid"), NULL, 10)));
    json_object_set_new(violation, "thread", json_integer(strtoll(attribute(attributes, "thread.id"), NULL, 10)));
    COPY_ATTRIBUTES(violation, resource, from_resource);
    COPY_ATTRIBUTES(violation, attributes, from_attributes);
    COPY_ATTRIBUTES(handle, attributes, of_handle);
    json_object_set_new(violation, "handle", handle);
    const char *file = attribute(attributes, "code.file.path");
    if (file[0] != '\0')
        json_object_set_new(violation, "change", json_pack("{s:o, s:I, s:s}", "file", json_text(file), "line", (json_int_t)strtoll(attribute(attributes, "code.line.number"), NULL, 10), "text", ""));
    set_time_and_stacks(violation, record, attributes);
    return violation;
}

static json_t *crash_of_record(const json_t *record, const json_t *resource)
{
    const json_t *attributes = json_object_get(record, "attributes");
    json_t *crash = crash_of(attribute(attributes, "exception.message"), strtoll(attribute(resource, "process.pid"), NULL, 10)), *handle = json_object();
    json_object_set_new(crash, "thread", json_integer(strtoll(attribute(attributes, "thread.id"), NULL, 10)));
    COPY_ATTRIBUTES(crash, resource, from_resource);
    COPY_ATTRIBUTES(handle, attributes, of_handle);
    json_object_set_new(crash, "handle", handle);
    set_time_and_stacks(crash, record, attributes);
    return crash;
}

static void read_record(struct log *log, const json_t *record, const json_t *resource)
{
    const char *event = member(record, "eventName");
    const json_t *attributes = json_object_get(record, "attributes");
    if (strcmp(event, "holdfast.violation") == 0 && is_rule_id(attribute(attributes, "holdfast.rule")))
        findings_add_violation(log->findings, violation_of_record(record, resource));
    else if (strcmp(event, "holdfast.crash") == 0)
        findings_add_crash(log->findings, crash_of_record(record, resource));
    else if (strcmp(event, "holdfast.notice") == 0)
        add_notice(log, strtoll(attribute(resource, "process.pid"), NULL, 10), member(json_object_get(record, "body"), "stringValue"));
    else if (strcmp(event, "holdfast.summary") == 0) {
        static const char *const names[] = {"repeats", "refused", "held", "suppressed"};
        json_t *summary = json_object();
        json_object_set_new(summary, "pid", json_integer(strtoll(attribute(resource, "process.pid"), NULL, 10)));
        json_object_set_new(summary, "host", json_text(attribute(resource, "host.name")));
        for (size_t index = 0; index < sizeof names / sizeof names[0]; index++) {
            char *key = compose("holdfast.%s", names[index]);
            if (attribute(attributes, key)[0] != '\0')
                json_object_set_new(summary, names[index], json_integer(strtoll(attribute(attributes, key), NULL, 10)));
            free(key);
        }
        findings_add_summary(log->findings, summary);
    }
}

static void read_resource_logs(struct log *log, const json_t *all)
{
    size_t outer, middle, inner;
    json_t *resource, *scope, *record;
    json_array_foreach(all, outer, resource)
        json_array_foreach(json_object_get(resource, "scopeLogs"), middle, scope)
            json_array_foreach(json_object_get(scope, "logRecords"), inner, record)
                read_record(log, record, json_object_get(json_object_get(resource, "resource"), "attributes"));
}

/* File names need not be UTF-8, so a line may not be either: then it is read with '?' for every byte beyond ASCII. */
static json_t *load_line(char *line, size_t bytes, json_error_t *error)
{
    json_t *object = json_loadb(line, bytes, 0, error);
    if (object == NULL && json_error_code(error) == json_error_invalid_utf8) {
        for (size_t index = 0; index < bytes; index++)
            if ((unsigned char)line[index] >= 0x80)
                line[index] = '?';
        object = json_loadb(line, bytes, 0, error);
    }
    return object;
}

/* A line that the parser has to read; the number of its finding, when it became one. */
static uint32_t parse_json_line(struct log *log, char *line, size_t bytes, bool complete)
{
    uint32_t finding = FINDING_NONE;
    json_error_t error;
    json_t *object = load_line(line, bytes, &error);
    if (object == NULL) {
        if (!complete)
            damage(log, "it ends in the middle of line %zu, at byte %" PRIu64 ": the program was killed, or the disk was full", log->line_number, log->offset + bytes);
        else
            damage(log, "line %zu is damaged, at byte %" PRIu64 ": %s", log->line_number, log->offset + (uint64_t)error.position, error.text);
    } else if (json_is_integer(json_object_get(object, "schema"))) {
        log->known_lines++;
        finding = read_object(log, object);
    } else if (json_is_array(json_object_get(object, "resourceLogs"))) {
        log->known_lines++;
        read_resource_logs(log, json_object_get(object, "resourceLogs"));
    }
    json_decref(object);
    return finding;
}

static void read_json_line(struct log *log, char *line, size_t bytes, bool complete)
{
    struct glances *glances = log->reading->glances;
    struct glance glance;
    if (!glance_at(glances, line, bytes, &glance)) {
        parse_json_line(log, line, bytes, complete);
        return;
    }
    if (!findings_want_time(log->findings, glance.sighting.time)) {
        log->known_lines++;
        return;
    }
    uint32_t finding = glance_find(glances, &glance);
    if (finding == FINDING_NONE) {
        finding = parse_json_line(log, line, bytes, complete);
        if (finding != FINDING_NONE)
            glance_remember(glances, &glance, finding);
        return;
    }
    log->known_lines++;
    if (finding != FINDING_PASSED_OVER)
        findings_add_again(log->findings, finding, &glance.sighting);
}

/* ---- the file ------------------------------------------------------------------------------------------------------------- */

/* Where nobody said that this is a log: does the line begin as one does? */
static bool may_be_ours(const char *line)
{
    static const char *const starts[] = {"==", "{\"schema\":", "{\"resourceLogs\":"};
    for (size_t index = 0; index < sizeof starts / sizeof starts[0]; index++)
        if (strncmp(line, starts[index], strlen(starts[index])) == 0)
            return true;
    return false;
}

static void read_line(struct log *log, struct line *line)
{
    json_int_t pid = 0;
    char *start = line->text;
    if (line->complete && line->bytes != 0 && start[line->bytes - 1] == '\r')
        start[--line->bytes] = '\0';
    log->line_number++;
    log->offset = line->offset;
    if (log->among_others && log->known_lines == 0 && !may_be_ours(start))
        return;
    if (line->cut) {
        if (log->known_lines != 0 || may_be_ours(start))
            damage(log, "line %zu, at byte %" PRIu64 ", is longer than %u bytes: no report is", log->line_number, log->offset, LINE_MAX_BYTES);
        return;
    }
    if (memchr(start, '\0', line->bytes) != NULL) {
        damage(log, "line %zu, at byte %" PRIu64 ", holds zero bytes: the file was overwritten, or cut by a crash of the machine", log->line_number, log->offset);
        return;
    }
    const char *text = after_prefix(start, &pid);
    if (text != NULL)
        read_text_line(log, text, pid, line->complete);
    else if (start[0] == '{' && (line->bytes > 1 || !line->complete)) /* a brace alone opens a generated suppression, or something of the program's */
        read_json_line(log, start, line->bytes, line->complete);
}

static void close_open_reports(struct log *log)
{
    while (log->open != NULL) {
        damage(log, "it ends in the middle of a report of process %lld: the program was killed, or the disk was full",
               (long long)log->open->pid);
        close_report(log, log->open);
    }
}

static void judge_log(struct log *log, uint64_t bytes, const char *error)
{
    struct findings *findings = log->findings;
    if (log->among_others && error == NULL && log->known_lines == 0 && log->damaged_lines == 0)
        return;
    if (error != NULL)
        findings_add_problem(findings, log->file, "cannot be read%s: %s", bytes != 0 ? " to its end" : "", error);
    else if (bytes == 0)
        findings_add_problem(findings, log->file, "is empty: no Holdfast log; check that the path is the one given as log_path");
    else if (log->known_lines == 0 && document_in(log->file) != DOCUMENT_NONE)
        findings_add_problem(findings, log->file, "is a baseline, no log: it has signatures alone. Give the logs that it was made from, or their report by --format json, or compare it by holdfast diff");
    else if (log->known_lines == 0 && log->damaged_lines == 0)
        findings_add_problem(findings, log->file, "is no Holdfast log and no arena file; give a file written by log_path=, record= "
                                                  "or a saved stderr");
    else if (log->known_lines == 0)
        findings_add_problem(findings, log->file, "is no Holdfast log and no arena file, or nothing of it can be read: %s", log->first_damage);
    else if (log->damaged_lines > 1)
        findings_add_problem(findings, log->file, "%s (and %zu more damaged places); the rest of the file is shown", log->first_damage,
                             log->damaged_lines - 1);
    else if (log->damaged_lines == 1)
        findings_add_problem(findings, log->file, "%s; the rest of the file is shown", log->first_damage);
    if (log->known_lines != 0)
        findings->files++;
}

#define LINES_PER_PROGRESS 1024u

void read_log(struct findings *findings, struct log_reading *reading, const char *file, int descriptor, bool among_others)
{
    struct log log = {.findings = findings, .reading = reading, .file = file, .among_others = among_others};
    struct lines *lines = lines_open(descriptor);
    struct line line;
    if (reading->glances == NULL)
        reading->glances = glances_open();
    while (lines_next(lines, &line)) {
        read_line(&log, &line);
        if (reading->progress != NULL && log.line_number % LINES_PER_PROGRESS == 0)
            reading->progress(reading->context, lines_read(lines));
    }
    close_open_reports(&log);
    judge_log(&log, lines_read(lines), lines_error(lines));
    lines_close(lines);
    free(log.first_damage);
}

void log_reading_end(struct log_reading *reading)
{
    glances_close(reading->glances);
    reading->glances = NULL;
}
