/* holdfast report --format text: each violation as a biography, then who and where, most frequent first. */
#include "render.h"
#include "buffer.h"
#include "rules.h"
#include "text.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- colours ------------------------------------------------------------------------------------------------------------ */

/* Only for a person at a terminal who did not say no (no-color.org); a rule's level is told by its word as well. */
static bool coloured(FILE *stream)
{
    const char *no = getenv("NO_COLOR"), *terminal = getenv("TERM");
    return (no == NULL || no[0] == '\0') && (terminal == NULL || strcmp(terminal, "dumb") != 0) && fileno(stream) >= 0 && isatty(fileno(stream));
}

static const char *colour_of(const char *severity)
{
    int rank = severity_rank(severity);
    return rank >= 2 ? "\033[1;31m" : rank == 1 ? "\033[1;33m" : "\033[1;36m";
}

/* ---- one violation ----------------------------------------------------------------------------------------------------- */

static void print_field(FILE *stream, const char *label, const char *text)
{
    if (text[0] == '\0')
        return;
    fprintf(stream, "  %-10s", label);
    print_line_safely(stream, text);
    fputc('\n', stream);
}

static void print_heading(FILE *stream, const struct finding *finding)
{
    const json_t *violation = finding->violation;
    bool colour = coloured(stream);
    if (colour)
        fputs(colour_of(member(violation, "severity")), stream);
    print_line_safely(stream, member(violation, "rule"));
    fputc(' ', stream);
    print_line_safely(stream, member(violation, "name"));
    fputs(" (", stream);
    print_line_safely(stream, member(violation, "severity"));
    fputs("): ", stream);
    print_line_safely(stream, member(violation, "message"));
    if (colour)
        fputs("\033[0m", stream);
    fputs(finding->known ? "  [known]\n" : "\n", stream);
}

static char *process_list(const struct finding *finding)
{
    struct buffer list = {0};
    size_t count = json_array_size(finding->processes), shown = count > 8 ? 8 : count;
    char words[64];
    for (size_t index = 0; index < shown; index++)
        buffer_add(&list, words, (size_t)snprintf(words, sizeof words, "%s%lld", index != 0 ? ", " : "", (long long)json_integer_value(json_array_get(finding->processes, index))));
    size_t all = count < FINDING_WHO_MAX ? count : (size_t)finding->process_count; /* a number that several hosts have stands there once */
    if (all > shown)
        buffer_add(&list, words, (size_t)snprintf(words, sizeof words, " and %zu more", all - shown));
    return list.text != NULL ? list.text : duplicate("");
}

static void print_times(FILE *stream, const struct finding *finding)
{
    char *first = time_to_text(finding->first_seen), *last = time_to_text(finding->last_seen);
    fprintf(stream, "  %-10s%lld times%s%s%s%s; shown is the first\n", "logged", (long long)finding->count, first[0] != '\0' ? ", from " : "", first, first[0] != '\0' ? " to " : "", last);
    if (finding->elsewhere > 0)
        fprintf(stream, "  %-10s%lld of them at other lines of the same functions\n", "", (long long)finding->elsewhere);
    free(first);
    free(last);
}

static void print_process(FILE *stream, const struct finding *finding)
{
    const json_t *violation = finding->violation;
    char *processes = process_list(finding);
    const char *program = member(violation, "program"), *time = member(violation, "time"), *mode = member(violation, "mode");
    char *line = compose("%s%s%s%s%s%s%s", processes, program[0] != '\0' ? " " : "", program, time[0] != '\0' ? ", " : "", time,
                         mode[0] != '\0' ? ", mode " : "", mode);
    print_field(stream, json_array_size(finding->processes) > 1 ? "processes" : "process", line);
    if (finding->count > 1)
        print_times(stream, finding);
    free(line);
    free(processes);
}

#define WORKERS_SHOWN 8

/* Only of those that said who they are: a process alone is named above. */
static void print_workers(FILE *stream, const struct finding *finding)
{
    size_t shown = 0, more = 0, index;
    json_t *who;
    json_array_foreach(finding->workers, index, who) {
        const char *worker = member(who, "worker"), *task = member(who, "task"), *host = member(who, "host");
        if (worker[0] == '\0' && task[0] == '\0')
            continue;
        if (shown++ >= WORKERS_SHOWN) {
            more++;
            continue;
        }
        char *line = compose("%s%s%s%s, process %lld%s%s", worker, worker[0] != '\0' && task[0] != '\0' ? ", " : "", task[0] != '\0' ? "task " : "", task,
                             (long long)member_number(who, "pid"), host[0] != '\0' ? " on " : "", host);
        print_field(stream, "worker", line);
        free(line);
    }
    if (json_array_size(finding->workers) == FINDING_WHO_MAX)
        more = shown > 0 ? (size_t)finding->worker_count - (shown - more) : 0;
    if (more > 0)
        fprintf(stream, "  %-10sand %zu more\n", "", more);
}

static void print_handle(FILE *stream, const char *label, const json_t *handle)
{
    const char *description = member(handle, "description"), *kind = member(handle, "kind");
    const char *address = member(handle, "address"), *library = member(handle, "library");
    if (description[0] == '\0' && address[0] == '\0')
        return;
    const char *name = description[0] != '\0' ? description : kind;
    char *line = compose("%s%s%s%s%s", name, address[0] != '\0' ? "  " : "", address, library[0] != '\0' ? "  " : "", library);
    print_field(stream, label, line);
    free(line);
}

static void print_python_frame(FILE *stream, const json_t *frame)
{
    fputs("      ", stream);
    print_line_safely(stream, member(frame, "file"));
    fprintf(stream, ":%lld in ", (long long)member_number(frame, "line"));
    print_line_safely(stream, member(frame, "function"));
    fputc('\n', stream);
}

static void print_native_frame(FILE *stream, const json_t *frame)
{
    const char *function = member(frame, "function"), *file = member(frame, "file");
    fputs("      ", stream);
    if (function[0] == '\0')
        function = member(frame, "symbol");
    if (function[0] != '\0') {
        print_line_safely(stream, function);
        fputs(json_is_true(json_object_get(frame, "inlined")) ? " (inlined)  " : "  ", stream);
    }
    if (file[0] != '\0') {
        print_line_safely(stream, file);
        fprintf(stream, ":%lld", (long long)member_number(frame, "line"));
    } else {
        fputc('(', stream);
        print_line_safely(stream, member(frame, "module"));
        if (function[0] == '\0') {
            fputc('+', stream);
            print_line_safely(stream, member(frame, "offset"));
        }
        fputc(')', stream);
    }
    if (member(frame, "remark")[0] != '\0') {
        fputs("  -- ", stream);
        print_line_safely(stream, member(frame, "remark"));
    }
    fputc('\n', stream);
}

static void print_stack(FILE *stream, const char *label, const json_t *stack)
{
    const json_t *python = json_object_get(stack, "python"), *native = json_object_get(stack, "native");
    const char *function = member(stack, "function");
    if (!json_is_object(stack))
        return;
    fprintf(stream, "  %s", label);
    if (function[0] != '\0') {
        fputs(" by ", stream);
        print_line_safely(stream, function);
    }
    bool empty = json_array_size(python) + json_array_size(native) == 0;
    fputs(empty ? " (no stack)\n" : " at\n", stream);
    for (size_t index = 0; index < json_array_size(python); index++)
        print_python_frame(stream, json_array_get(python, index));
    if (json_array_size(python) != 0 && json_array_size(native) != 0)
        fputs("    and there in native code\n", stream);
    for (size_t index = 0; index < json_array_size(native); index++)
        print_native_frame(stream, json_array_get(native, index));
}

const char *words_for_action(const char *name)
{
    for (unsigned action = 0; action < ACTION_COUNT; action++)
        if (strcmp(action_name((enum report_action)action), name) == 0)
            return action_words((enum report_action)action);
    return name;
}

static void print_change(FILE *stream, const json_t *violation)
{
    const json_t *change = json_object_get(violation, "change");
    if (member(change, "file")[0] != '\0') {
        char *line = compose("%s:%lld  %s", member(change, "file"), (long long)member_number(change, "line"), member(change, "text"));
        print_field(stream, "change", line);
        free(line);
    }
    print_field(stream, "remedy", member(violation, "remedy"));
}

/* A text log has said it all already. */
static void print_lines(FILE *stream, const char *text)
{
    while (*text != '\0') {
        size_t bytes = strcspn(text, "\n");
        char *line = duplicate_bytes(text, bytes);
        print_line_safely(stream, line);
        fputc('\n', stream);
        free(line);
        text += bytes + (text[bytes] == '\n');
    }
}

struct stack_titles stack_titles(const char *rule)
{
    static const struct stack_titles special[] = {
        {"HF103", "freed again", "freed"},        {"HF104", "freed now", "freed"},   {"HF105", "used", "given away"},
        {"HF106", "used", "freed"},               {"HF107", "used", "replaced"},     {"HF108", "used", "changed"},
        {"HF110", "freed now", "freed"},          {"HF114", "released again", "freed"},
    };
    for (size_t index = 0; index < sizeof special / sizeof special[0]; index++)
        if (strcmp(special[index].rule, rule) == 0)
            return special[index];
    return (struct stack_titles){rule, "used", "freed"};
}

/* What another thread was doing (HF112). */
static void print_meanwhile(FILE *stream, const json_t *stack)
{
    json_int_t thread = member_number(stack, "thread");
    char *title = thread > 0 ? compose("meanwhile, in thread %lld,", (long long)thread) : duplicate("meanwhile");
    print_stack(stream, title, stack);
    free(title);
}

/* A report for many handles of one origin (HF115, HF116). */
static void print_group(FILE *stream, const json_t *violation)
{
    json_int_t handles = member_number(violation, "handle_count");
    if (handles <= 1)
        return;
    char *line = compose("%lld of this origin, the first of them:", (long long)handles);
    print_field(stream, "handles", line);
    free(line);
}

static void print_stacks(FILE *stream, const json_t *violation)
{
    const json_t *stacks = json_object_get(violation, "stacks");
    const json_t *used = json_object_get(stacks, "used"), *freed = json_object_get(stacks, "freed");
    struct stack_titles titles = stack_titles(member(violation, "rule"));
    if (!json_equal(used, freed))
        print_stack(stream, titles.used, used);
    print_meanwhile(stream, json_object_get(stacks, "other"));
    print_stack(stream, "obtained", json_object_get(stacks, "obtained"));
    print_stack(stream, titles.freed, freed);
}

static void print_action(FILE *stream, const json_t *violation)
{
    const char *note = member(violation, "note");
    bool no_call = member_number(violation, "handle_count") > 0;
    const char *action = no_call ? "logged only" : words_for_action(member(violation, "action"));
    char *line = compose("%s%s%s", action, note[0] != '\0' ? "; " : "", note);
    print_field(stream, "Holdfast", line);
    free(line);
}

void render_finding_text(FILE *stream, const struct finding *finding)
{
    const json_t *violation = finding->violation;
    size_t index;
    json_t *parent;
    print_heading(stream, finding);
    print_process(stream, finding);
    print_workers(stream, finding);
    print_group(stream, violation);
    print_handle(stream, "handle", json_object_get(violation, "handle"));
    json_array_foreach(json_object_get(violation, "parents"), index, parent)
        print_handle(stream, "inside", parent);
    print_lines(stream, member(violation, "text"));
    print_stacks(stream, violation);
    print_action(stream, violation);
    print_change(stream, violation);
    print_field(stream, "signature", finding->signature);
    fputc('\n', stream);
}

/* ---- the summary --------------------------------------------------------------------------------------------------------- */

static void print_rules(FILE *stream, const struct findings *findings)
{
    json_t *rows = findings_by_rule(findings);
    fprintf(stream, "\n  %6s  %-6s %-34s %s\n", "count", "rule", "name", "severity");
    for (size_t index = 0; index < json_array_size(rows); index++) {
        const json_t *row = json_array_get(rows, index);
        char *line = compose("%6lld  %-6s %-34s %s", (long long)member_number(row, "count"), member(row, "rule"), member(row, "name"),
                             member(row, "severity"));
        fputs("  ", stream);
        print_line_safely(stream, line);
        fputc('\n', stream);
        free(line);
    }
    json_decref(rows);
}

static void print_places(FILE *stream, const struct findings *findings)
{
    json_t *rows = findings_by_place(findings);
    fprintf(stream, "\n  %6s  %s\n", "count", "place");
    for (size_t index = 0; index < json_array_size(rows); index++) {
        json_t *row = json_array_get(rows, index);
        const char *rule;
        json_t *count;
        fprintf(stream, "  %6lld  ", (long long)member_number(row, "count"));
        print_line_safely(stream, member(row, "place"));
        json_object_foreach(json_object_get(row, "rules"), rule, count) {
            fputs("  ", stream);
            print_line_safely(stream, rule);
        }
        fputc('\n', stream);
    }
    json_decref(rows);
}

/* Where it crashed, and the story of the handle that it was about. */
void render_crash_text(FILE *stream, const json_t *crash)
{
    const json_t *handle = json_object_get(crash, "handle"), *stacks = json_object_get(handle, "stacks");
    const char *program = member(crash, "program"), *time = member(crash, "time"), *host = member(crash, "host"), *worker = member(crash, "worker");
    bool colour = coloured(stream);
    fputs(colour ? colour_of("error") : "", stream);
    fputs("crash (error): ", stream);
    print_line_safely(stream, member(crash, "message"));
    fputs(colour ? "\033[0m\n" : "\n", stream);
    char *process = compose("%lld%s%s%s%s%s%s%s%s", (long long)member_number(crash, "pid"), program[0] != '\0' ? " " : "", program, time[0] != '\0' ? ", " : "", time,
                            worker[0] != '\0' ? ", worker " : "", worker, host[0] != '\0' ? " on " : "", host);
    print_field(stream, "process", process);
    free(process);
    print_lines(stream, member(crash, "text"));
    print_stack(stream, "crashed", json_object_get(json_object_get(crash, "stacks"), "crashed"));
    if (json_is_object(handle))
        print_handle(stream, "handle", handle);
    print_stack(stream, "obtained", json_object_get(stacks, "obtained"));
    print_stack(stream, "freed", json_object_get(stacks, "freed"));
    fputc('\n', stream);
}

static void print_crashes(FILE *stream, const struct findings *findings)
{
    size_t index;
    json_t *crash;
    json_array_foreach(findings->crashes, index, crash)
        render_crash_text(stream, crash);
}

static void print_notices(FILE *stream, const struct findings *findings)
{
    size_t index;
    json_t *notice;
    json_array_foreach(findings->notices, index, notice) {
        if (json_object_get(notice, "pid") != NULL)
            fprintf(stream, "notice of process %lld: ", (long long)member_number(notice, "pid"));
        else
            fputs("notice: ", stream);
        print_line_safely(stream, member(notice, "message"));
        fputc('\n', stream);
    }
    if (index != 0)
        fputc('\n', stream);
}

static void print_totals(FILE *stream, const struct findings *findings)
{
    static const struct {
        const char *name, *thing, *words;
    } totals[] = {{"repeats", "repeat", "counted only"}, {"refused", "call", "refused"}, {"held", "free", "postponed"}, {"suppressed", "violation", "suppressed"}};
    json_int_t logged = 0;
    size_t different = findings->count + findings->hidden, fresh = 0;
    for (size_t index = 0; index < different; index++) {
        logged += findings->items[index].count;
        fresh += !findings->items[index].known;
    }
    logged += (json_int_t)findings->violations_left_out;
    fprintf(stream, "Summary: %lld violation%s (%zu different) in %zu file%s", (long long)logged, logged == 1 ? "" : "s",
            different, findings->files, findings->files == 1 ? "" : "s");
    if (findings->crash_count > 0)
        fprintf(stream, ", %llu crash%s", (unsigned long long)findings->crash_count, findings->crash_count == 1 ? "" : "es");
    for (size_t index = 0; index < sizeof totals / sizeof totals[0]; index++) {
        json_int_t number = member_number(findings->totals, totals[index].name);
        if (number > 0)
            fprintf(stream, ", %lld %s%s %s", (long long)number, totals[index].thing, number == 1 ? "" : "s", totals[index].words);
    }
    if (findings->hidden > 0)
        fprintf(stream, ", shown are %zu", findings->count);
    if (findings->baseline != NULL)
        fprintf(stream, ", %zu of the different ones new", fresh);
    fputc('\n', stream);
}

static void print_suppressions(FILE *stream, const struct findings *findings)
{
    struct suppression_count entry;
    for (unsigned index = 0; suppressor_entry(findings->suppressor, index, &entry); index++) {
        if (entry.count == 0)
            continue; /* it may have matched in the process itself: nothing of that is in a log */
        char *line = compose("  suppressed %llu by '%s' (%s:%u)", (unsigned long long)entry.count, entry.name, entry.file, entry.line);
        print_line_safely(stream, line);
        fputc('\n', stream);
        free(line);
    }
}

void render_text(FILE *stream, const struct findings *findings)
{
    for (size_t index = 0; index < findings->count; index++)
        render_finding_text(stream, &findings->items[index]);
    print_crashes(stream, findings);
    print_notices(stream, findings);
    print_totals(stream, findings);
    print_suppressions(stream, findings);
    if (findings->count != 0) {
        print_rules(stream, findings);
        print_places(stream, findings);
    }
    symbolizer_print_missing(stream, findings->symbolizer); /* of crashes, too */
    if (findings->count != 0)
        fputs("\n`holdfast explain RULE` tells what a rule means and what to do.\n", stream);
}
