/* The collection behind `holdfast report`: see findings.h. One thread. */
#include "findings.h"
#include "text.h"
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char *const stack_names[] = {"used", "obtained", "freed", "other"};

const char *member(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text != NULL ? text : "";
}

json_int_t member_number(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

int64_t time_from_text(const char *text)
{
    struct tm parts = {0};
    int used = 0;
    if (sscanf(text, "%4d-%2d-%2dT%2d:%2d%n", &parts.tm_year, &parts.tm_mon, &parts.tm_mday, &parts.tm_hour, &parts.tm_min, &used) != 5)
        return 0;
    text += used;
    int64_t milliseconds = 0;
    if (*text == ':' && isdigit((unsigned char)text[1])) {
        parts.tm_sec = (int)strtol(text + 1, (char **)(uintptr_t)&text, 10);
        if (*text == '.')
            for (int64_t unit = 100; isdigit((unsigned char)*++text); unit /= 10)
                milliseconds += unit * (*text - '0');
    }
    if (strcmp(text, "Z") != 0 && *text != '\0')
        return 0;
    parts.tm_year -= 1900;
    parts.tm_mon -= 1;
    return (int64_t)timegm(&parts) * 1000 + milliseconds;
}

char *time_to_text(int64_t milliseconds)
{
    time_t seconds = (time_t)(milliseconds / 1000);
    struct tm parts;
    char text[40];
    if (milliseconds <= 0 || gmtime_r(&seconds, &parts) == NULL || strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts) == 0)
        return duplicate("");
    return compose("%s.%03dZ", text, (int)(milliseconds % 1000));
}

json_t *json_text(const char *text)
{
    json_t *string = json_string(text);
    if (string == NULL) {
        char *plain = duplicate(text);
        for (char *byte = plain; *byte != '\0'; byte++)
            if ((unsigned char)*byte >= 0x80)
                *byte = '?';
        string = json_string(plain);
        free(plain);
    }
    return string;
}

void findings_open(struct findings *findings)
{
    memset(findings, 0, sizeof *findings);
    findings->notices = json_array();
    findings->problems = json_array();
    findings->totals = json_object();
    findings->symbolizer = symbolizer_open();
}

static void clear_finding(struct finding *finding)
{
    json_decref(finding->violation);
    json_decref(finding->processes);
    json_decref(finding->workers);
    free(finding->signature);
    free(finding->place);
}

void findings_close(struct findings *findings)
{
    for (size_t index = 0; index < findings->count; index++)
        clear_finding(&findings->items[index]);
    free(findings->items);
    json_decref(findings->notices);
    json_decref(findings->problems);
    json_decref(findings->totals);
    json_decref(findings->records);
    json_decref(findings->pictures);
    symbolizer_close(findings->symbolizer);
    suppressor_close(findings->suppressor);
}

/* ---- symbols ------------------------------------------------------------------------------------------------------------ */

static void symbolize_frame(struct findings *findings, json_t *frame)
{
    struct symbol symbol;
    const char *build_id = json_string_value(json_object_get(frame, "build_id"));
    char *end = NULL;
    const char *text = member(frame, "offset");
    errno = 0;
    unsigned long long offset = strtoull(text, &end, 16);
    if (end == text || *end != '\0' || errno != 0)
        return;
    switch (symbolize(findings->symbolizer, member(frame, "module"), build_id, offset, &symbol)) {
    case SYMBOL_FOUND:
        if (symbol.function != NULL)
            json_object_set_new(frame, "function", json_text(symbol.function));
        if (symbol.file != NULL) {
            json_object_set_new(frame, "file", json_text(symbol.file));
            json_object_set_new(frame, "line", json_integer(symbol.line));
        }
        break;
    case SYMBOL_OTHER_BUILD:
        json_object_set_new(frame, "remark", json_string("the file there now is another build"));
        break;
    case SYMBOL_UNKNOWN:
    case SYMBOL_NO_FILE:
        break;
    }
    symbol_clear(&symbol);
}

static void symbolize_violation(struct findings *findings, json_t *violation)
{
    json_t *stacks = json_object_get(violation, "stacks");
    for (size_t which = 0; which < sizeof stack_names / sizeof stack_names[0]; which++) {
        json_t *native = json_object_get(json_object_get(stacks, stack_names[which]), "native");
        size_t index;
        json_t *frame;
        json_array_foreach(native, index, frame)
            symbolize_frame(findings, frame);
    }
}

/* ---- places ------------------------------------------------------------------------------------------------------------- */

bool is_installed(const char *file)
{
    static const char *const signs[] = {"/osgeo/", "/site-packages/", "/dist-packages/", "/lib/python3", "<frozen"};
    for (size_t index = 0; index < sizeof signs / sizeof signs[0]; index++)
        if (strstr(file, signs[index]) != NULL)
            return true;
    return false;
}

static char *python_place(const json_t *frames)
{
    const json_t *chosen = json_array_get(frames, 0);
    for (size_t index = 0; index < json_array_size(frames); index++) {
        const json_t *frame = json_array_get(frames, index);
        if (!is_installed(member(frame, "file"))) {
            chosen = frame;
            break;
        }
    }
    return chosen != NULL ? compose("%s:%lld", member(chosen, "file"), (long long)member_number(chosen, "line")) : NULL;
}

static char *native_place(const json_t *frames)
{
    const json_t *first = json_array_get(frames, 0);
    for (size_t index = 0; index < json_array_size(frames); index++) {
        const json_t *frame = json_array_get(frames, index);
        if (member(frame, "file")[0] != '\0')
            return compose("%s:%lld", member(frame, "file"), (long long)member_number(frame, "line"));
    }
    if (first == NULL)
        return NULL;
    const char *name = member(first, "function");
    if (name[0] == '\0')
        name = member(first, "symbol");
    if (name[0] == '\0')
        name = member(first, "offset");
    return compose("%s in %s", name, base_name(member(first, "module")));
}

/* FILE:LINE in a line of a text log: the file has a dot or slash, so that no time of day is taken for it. */
static char *place_in_line(const char *line, size_t bytes)
{
    for (size_t start = 0; start < bytes;) {
        size_t end = start;
        while (end < bytes && strchr(" \t\"'(),", line[end]) == NULL)
            end++;
        size_t colon = end;
        while (colon > start && isdigit((unsigned char)line[colon - 1]))
            colon--;
        if (colon > start + 1 && colon < end && line[colon - 1] == ':' &&
            (memchr(line + start, '.', colon - 1 - start) != NULL || memchr(line + start, '/', colon - 1 - start) != NULL) &&
            memchr(line + start, ':', colon - 1 - start) == NULL)
            return duplicate_bytes(line + start, end - start);
        start = end + 1;
    }
    return NULL;
}

/* The line of a text report that starts with this title; NULL if there is none. */
static const char *titled_line(const char *text, const char *title)
{
    while (*text != '\0') {
        const char *start = text + strspn(text, " ");
        if (strncmp(start, title, strlen(title)) == 0 && start[strlen(title)] == ' ')
            return start + strlen(title);
        text += strcspn(text, "\n");
        text += *text == '\n';
    }
    return NULL;
}

/* "used      x.py:5 in <module>, by GDALClose:  the line" */
static char *place_from_text(const char *text)
{
    static const char *const titles[] = {"used", "freed now", "freed", "obtained"};
    const char *line = NULL;
    for (size_t index = 0; index < sizeof titles / sizeof titles[0] && line == NULL; index++)
        line = titled_line(text, titles[index]);
    if (line == NULL)
        line = text;
    line += strspn(line, " ");
    size_t bytes = strcspn(line, "\n");
    char *place = place_in_line(line, bytes);
    if (place != NULL || bytes == 0)
        return place;
    char *whole = duplicate_bytes(line, bytes);
    char *end = strstr(whole, ", by ");
    if (end != NULL)
        *end = '\0';
    return whole;
}

static char *place_of(const json_t *violation)
{
    const json_t *stacks = json_object_get(violation, "stacks"), *stack = json_object_get(stacks, "used");
    if (!json_is_object(stack))
        stack = json_object_get(stacks, "obtained"); /* a leak: nothing used it */
    char *place = python_place(json_object_get(stack, "python"));
    if (place == NULL)
        place = native_place(json_object_get(stack, "native"));
    if (place == NULL)
        place = place_from_text(member(violation, "text"));
    if (place == NULL && member(violation, "function")[0] != '\0')
        place = compose("in %s", member(violation, "function"));
    return place != NULL ? place : duplicate("(place unknown)");
}

/* ---- signatures --------------------------------------------------------------------------------------------------------- */

static void extend(char **text, const char *addition)
{
    char *longer = compose("%s%s\n", *text, addition);
    free(*text);
    *text = longer;
}

static void extend_by_frames(char **text, const json_t *frames, const char *first, const char *second)
{
    for (size_t index = 0; index < json_array_size(frames); index++) {
        const json_t *frame = json_array_get(frames, index);
        char *words = compose("%s %s %lld", member(frame, first), member(frame, second), (long long)member_number(frame, "line"));
        extend(text, words);
        free(words);
    }
}

/* The lines of a text report but those that name the handle, which differs from process to process. */
static void extend_by_lines(char **text, const char *lines)
{
    while (*lines != '\0') {
        size_t bytes = strcspn(lines, "\n");
        char *line = duplicate_bytes(lines, bytes);
        const char *start = line + strspn(line, " ");
        if (strncmp(start, "died with ", 10) != 0 && strncmp(start, "Holdfast ", 9) != 0)
            extend(text, start);
        free(line);
        lines += bytes + (lines[bytes] == '\n');
    }
}

/* Rule, function and the frames of all stacks: what is the same in every process that makes the same mistake. */
static char *signature_of(const json_t *violation)
{
    char *signature = compose("%s\n%s\n", member(violation, "rule"), member(violation, "function"));
    const json_t *stacks = json_object_get(violation, "stacks");
    for (size_t which = 0; which < sizeof stack_names / sizeof stack_names[0]; which++) {
        const json_t *stack = json_object_get(stacks, stack_names[which]);
        extend(&signature, stack_names[which]);
        extend_by_frames(&signature, json_object_get(stack, "python"), "file", "function");
        extend_by_frames(&signature, json_object_get(stack, "native"), "module", "offset");
    }
    extend_by_lines(&signature, member(violation, "text"));
    if (stacks == NULL && member(violation, "text")[0] == '\0')
        extend(&signature, member(violation, "message"));
    return signature;
}

/* ---- adding ------------------------------------------------------------------------------------------------------------- */

static struct finding *find_equal(struct findings *findings, const char *signature)
{
    for (size_t index = 0; index < findings->count; index++)
        if (strcmp(findings->items[index].signature, signature) == 0)
            return &findings->items[index];
    return NULL;
}

static void add_process(struct finding *finding, const json_t *pid)
{
    for (size_t index = 0; index < json_array_size(finding->processes); index++)
        if (json_equal(json_array_get(finding->processes, index), pid))
            return;
    if (json_is_integer(pid))
        json_array_append(finding->processes, (json_t *)(uintptr_t)pid);
}

static const char *const who_members[] = {"pid", "host", "worker", "task"};

static void add_worker(struct finding *finding, const json_t *violation)
{
    json_t *who = json_object();
    for (size_t index = 0; index < sizeof who_members / sizeof who_members[0]; index++) {
        json_t *value = json_object_get(violation, who_members[index]);
        if (value != NULL)
            json_object_set(who, who_members[index], value);
    }
    for (size_t index = 0; index < json_array_size(finding->workers); index++)
        if (json_equal(json_array_get(finding->workers, index), who)) {
            json_decref(who);
            return;
        }
    json_array_append_new(finding->workers, who);
}

static void note_time(struct finding *finding, int64_t time)
{
    if (time == 0)
        return;
    if (finding->first_seen == 0 || time < finding->first_seen)
        finding->first_seen = time;
    if (time > finding->last_seen)
        finding->last_seen = time;
}

static void add_violation(struct findings *findings, json_t *violation, bool logged)
{
    char *signature = signature_of(violation);
    struct finding *finding = find_equal(findings, signature);
    if (finding == NULL) {
        findings->items = reallocate(findings->items, (findings->count + 1) * sizeof *findings->items);
        finding = &findings->items[findings->count++];
        symbolize_violation(findings, violation);
        int entry = suppressor_find(findings->suppressor, violation);
        *finding = (struct finding){
            .violation = json_incref(violation), .processes = json_array(), .workers = json_array(), .signature = signature, .place = place_of(violation), .suppression = entry};
    } else {
        free(signature);
    }
    finding->count++;
    note_time(finding, time_from_text(member(violation, "time")));
    finding->logged = finding->logged || logged;
    add_worker(finding, violation);
    add_process(finding, json_object_get(violation, "pid"));
    json_decref(violation);
}

/* Did a log tell that this process made this mistake? Hosts are compared where both are known. */
static bool is_logged(const struct finding *finding, const json_t *violation, const char *place)
{
    const char *host = member(violation, "host");
    if (!finding->logged || strcmp(finding->place, place) != 0 || strcmp(member(finding->violation, "rule"), member(violation, "rule")) != 0)
        return false;
    for (size_t index = 0; index < json_array_size(finding->workers); index++) {
        const json_t *who = json_array_get(finding->workers, index);
        const char *other = member(who, "host");
        if (member_number(who, "pid") == member_number(violation, "pid") && (host[0] == '\0' || other[0] == '\0' || strcmp(host, other) == 0))
            return true;
    }
    return false;
}

void findings_add_recorded(struct findings *findings, json_t *violation)
{
    symbolize_violation(findings, violation);
    char *place = place_of(violation);
    bool told = false;
    for (size_t index = 0; index < findings->count && !told; index++)
        told = is_logged(&findings->items[index], violation, place);
    free(place);
    if (told)
        json_decref(violation);
    else
        add_violation(findings, violation, false);
}

void findings_add_violation(struct findings *findings, json_t *violation)
{
    add_violation(findings, violation, true);
}

void findings_settle_suppressions(struct findings *findings)
{
    size_t kept = 0;
    json_int_t suppressed = member_number(findings->totals, "suppressed");
    for (size_t index = 0; index < findings->count; index++) {
        struct finding finding = findings->items[index];
        if (finding.suppression < 0) {
            findings->items[kept++] = finding;
            continue;
        }
        suppressor_count(findings->suppressor, finding.suppression, (uint64_t)finding.count);
        suppressed += finding.count;
        clear_finding(&finding);
    }
    findings->count = kept;
    if (findings->suppressor != NULL || suppressed > 0)
        json_object_set_new(findings->totals, "suppressed", json_integer(suppressed));
}

void findings_add_notice(struct findings *findings, json_t *notice)
{
    json_array_append_new(findings->notices, notice);
}

void findings_add_summary(struct findings *findings, json_t *summary)
{
    static const char *const names[] = {"repeats", "refused", "held", "suppressed"};
    for (size_t index = 0; index < sizeof names / sizeof names[0]; index++) {
        json_int_t sum = member_number(findings->totals, names[index]) + member_number(summary, names[index]);
        if (json_object_get(summary, names[index]) == NULL && strcmp(names[index], "suppressed") == 0)
            continue; /* nobody asked for suppressions, or the log is older than they are */
        json_object_set_new(findings->totals, names[index], json_integer(sum));
    }
    json_decref(summary);
}

void findings_add_problem(struct findings *findings, const char *file, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    char *message = NULL;
    int bytes = vasprintf(&message, format, values);
    va_end(values);
    if (bytes < 0)
        message = duplicate("cannot be described: out of memory");
    complain("report", "%s: %s", file, message);
    json_t *problem = json_object();
    json_object_set_new(problem, "file", json_text(file));
    json_object_set_new(problem, "message", json_text(message));
    json_array_append_new(findings->problems, problem);
    free(message);
}

/* ---- tables --------------------------------------------------------------------------------------------------------------- */

static json_t *row_with(json_t *rows, const char *name, const char *value)
{
    for (size_t index = 0; index < json_array_size(rows); index++)
        if (strcmp(member(json_array_get(rows, index), name), value) == 0)
            return json_array_get(rows, index);
    json_t *row = json_object();
    json_object_set_new(row, name, json_text(value));
    json_array_append_new(rows, row);
    return row;
}

static void add_to(json_t *object, const char *name, json_int_t addition)
{
    json_object_set_new(object, name, json_integer(member_number(object, name) + addition));
}

/* Insertion sort, stable: rows of equal count stay in the order in which they were met. */
static json_t *most_frequent_first(json_t *rows)
{
    json_t *sorted = json_array();
    for (size_t index = 0; index < json_array_size(rows); index++) {
        json_t *row = json_array_get(rows, index);
        size_t place = json_array_size(sorted);
        while (place > 0 && member_number(json_array_get(sorted, place - 1), "count") < member_number(row, "count"))
            place--;
        json_array_insert(sorted, place, row);
    }
    json_decref(rows);
    return sorted;
}

json_t *findings_by_rule(const struct findings *findings)
{
    json_t *rows = json_array();
    for (size_t index = 0; index < findings->count; index++) {
        const struct finding *finding = &findings->items[index];
        json_t *row = row_with(rows, "rule", member(finding->violation, "rule"));
        json_object_set_new(row, "name", json_string(member(finding->violation, "name")));
        json_object_set_new(row, "severity", json_string(member(finding->violation, "severity")));
        add_to(row, "count", finding->count);
    }
    return most_frequent_first(rows);
}

json_t *findings_by_place(const struct findings *findings)
{
    json_t *rows = json_array();
    for (size_t index = 0; index < findings->count; index++) {
        const struct finding *finding = &findings->items[index];
        json_t *row = row_with(rows, "place", finding->place);
        json_t *rules = json_object_get(row, "rules");
        if (rules == NULL) {
            rules = json_object();
            json_object_set_new(row, "rules", rules);
        }
        add_to(rules, member(finding->violation, "rule"), finding->count);
        add_to(row, "count", finding->count);
    }
    return most_frequent_first(rows);
}
