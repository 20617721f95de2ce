/* holdfast report: reads logs and arena files, whatever each of them is, also all that lie in a directory, and shows all together. */
#include "arguments.h"
#include "baseline.h"
#include "command.h"
#include "inputs.h"
#include "places.h"
#include "records.h"
#include "render.h"
#include "sources.h"
#include "text.h"
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

const char report_usage[] =
    "usage: holdfast report [OPTION]... FILE|DIRECTORY|PATTERN|PID...\n"
    "       holdfast report --check FILE|PID...\n\n"
    "Shows every violation that the files tell of, the same one of several processes once, then counts by rule and by place.\n"
    "A FILE is a text log, a JSON Lines log, a saved stderr (each may be compressed by gzip), the arena of a running, ended or killed process, or a report\n"
    "that --format json wrote; - is the standard input. Of a DIRECTORY all logs and records that lie in it and below it are read.\n"
    "A PID is that of a live process with a record; it is not stopped. --check says whether records are sound.\n\n"
    "  --format text|json|html|csv|otlp|sarif|junit|gitlab\n"
    "  --rule RULE,...        only these: ids or names, * and ? are wildcards: HF101,HF11*\n"
    "  --since, --until TIME  only what happened from then on, until then: 2026-01-02T03:04, 90m, 2h, 3d (ago)\n"
    "  --sort ORDER           count|first|last|rule|place\n"
    "  --top N                only the first N, the most frequent without --sort\n"
    "  --suppressions FILE    leave out what the file names, also by source lines that only debug information tells\n"
    "  --baseline FILE        a JSON report of before, what --write-baseline wrote, or a list of signatures: those are known,\n"
    "                         only others make the exit status 3\n"
    "  --write-baseline FILE  write the signatures that are there now\n"
    "  --fail-on LEVEL        fatal|error|warning|advice: exit status 3 when there is such a violation or a worse one, or a crash; never\n"
    "                         (the default without --baseline; with it: advice)\n"
    "  --symbol-path DIR      (or --sysroot) where the files of another machine lie: symbols are looked for there first, by path, file name\n"
    "                         and build-id; may be given several times\n"
    "  --source-root DIR      where the sources lie, for sarif, junit and csv: paths below it are shown without it (default: here)\n\n"
    "Examples:  holdfast report /var/log/app.*\n"
    "           holdfast report --since 1d --sort count --top 20 /var/log/fleet\n"
    "           holdfast report --format sarif --baseline known.json logs > holdfast.sarif\n\n"
    "Exit status: 0, 1 when a file is damaged or foreign (the others are shown), 2 for wrong arguments, 3 see --fail-on.\n";

struct request {
    bool check;
    void (*render)(FILE *stream, const struct findings *findings);
    struct suppressor *suppressor; /* NULL: none asked for */
    struct baseline *baseline;
    const char *write_baseline;
    char *source_root;
    struct selection selection;
    enum findings_order order;
    size_t top;
    int fail_on; /* a severity_rank(), or FAIL_NEVER */
    bool fail_on_given;
    struct argument_words files;
};

static const struct {
    const char *name;
    void (*render)(FILE *stream, const struct findings *findings);
} formats[] = {
    {"text", render_text},
    {"json", render_json},
    {"csv", render_csv},
    {"otlp", render_otlp},
    {"sarif", render_sarif},
    {"junit", render_junit},
    {"gitlab", render_gitlab},
    {"html", render_html},
};
#define FORMAT_COUNT (sizeof formats / sizeof formats[0])

static bool set_format(void *wanted, const char *format)
{
    const char *names[FORMAT_COUNT + 1] = {NULL};
    for (size_t index = 0; index < FORMAT_COUNT; index++)
        names[index] = formats[index].name;
    int chosen = word_among("report", "--format", format, names);
    ((struct request *)wanted)->render = chosen >= 0 ? formats[chosen].render : NULL;
    return chosen >= 0;
}

static bool add_rules(void *wanted, const char *list)
{
    struct selection *selection = &((struct request *)wanted)->selection;
    while (*list != '\0') {
        size_t bytes = strcspn(list, ",");
        if (bytes != 0) {
            selection->rules = reallocate(selection->rules, (selection->rule_count + 1) * sizeof *selection->rules);
            selection->rules[selection->rule_count++] = duplicate_bytes(list, bytes);
        }
        list += bytes + (list[bytes] == ',');
    }
    if (selection->rule_count == 0)
        complain("report", "--rule '' names no rule");
    return selection->rule_count != 0;
}

/* "2026-01-02T03:04:05Z", or "90m": so long ago. 0: it is neither. */
static int64_t moment(const char *text)
{
    static const struct {
        const char *unit;
        int64_t milliseconds;
    } units[] = {{"s", 1000}, {"m", 60000}, {"min", 60000}, {"h", 3600000}, {"d", 86400000}, {"w", 604800000}};
    size_t digits = strspn(text, "0123456789");
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    for (size_t index = 0; digits > 0 && digits < 9 && index < sizeof units / sizeof units[0]; index++)
        if (strcmp(text + digits, units[index].unit) == 0)
            return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 - strtoll(text, NULL, 10) * units[index].milliseconds;
    return time_from_text(text);
}

static bool set_moment(const char *option, int64_t *bound, const char *text)
{
    *bound = moment(text);
    if (*bound <= 0)
        complain("report", "%s '%s' is no time: give one such as 2026-01-02, 2026-01-02T03:04:05Z (UTC), 2026-01-02T03:04+01:00, or how long ago: 90m, 2h, 3d", option, text);
    return *bound > 0;
}

static bool set_since(void *wanted, const char *text)
{
    return set_moment("--since", &((struct request *)wanted)->selection.since, text);
}

static bool set_until(void *wanted, const char *text)
{
    return set_moment("--until", &((struct request *)wanted)->selection.until, text);
}

static bool set_order(void *wanted, const char *word)
{
    struct request *request = wanted;
    static const char *const words[] = {"met", "count", "first", "last", "rule", "place", NULL}; /* as enum findings_order */
    int order = word_among("report", "--sort", word, words);
    request->order = order >= 0 ? (enum findings_order)order : ORDER_MET;
    return order >= 0;
}

static bool set_top(void *wanted, const char *text)
{
    struct request *request = wanted;
    size_t digits = strspn(text, "0123456789");
    request->top = digits > 0 && digits < 10 && text[digits] == '\0' ? strtoul(text, NULL, 10) : 0;
    if (request->top == 0)
        complain("report", "--top '%s' is wrong: it must be a number of violations to show", text);
    return request->top != 0;
}

static bool set_fail_on(void *wanted, const char *word)
{
    struct request *request = wanted;
    static const char *const words[] = {"advice", "warning", "error", "fatal", "never", NULL}; /* as severity_rank() */
    request->fail_on = word_among("report", "--fail-on", word, words);
    request->fail_on_given = true;
    return request->fail_on >= 0;
}

static bool set_baseline(void *wanted, const char *file)
{
    struct request *request = wanted;
    baseline_close(request->baseline);
    request->baseline = baseline_read("report", file);
    return request->baseline != NULL;
}

static bool set_write_baseline(void *wanted, const char *file)
{
    ((struct request *)wanted)->write_baseline = file;
    return true;
}

static bool add_symbol_path(void *wanted, const char *directory)
{
    (void)wanted;
    return symbolizer_add_path("report", directory);
}

static bool set_root(void *wanted, const char *folder)
{
    struct request *request = wanted;
    free(request->source_root);
    request->source_root = source_root(folder);
    if (request->source_root == NULL)
        complain("report", "--source-root '%s' is no directory: %s", folder, strerror(errno));
    return request->source_root != NULL;
}

static bool add_suppressions(void *wanted, const char *file)
{
    struct request *request = wanted;
    if (request->suppressor == NULL)
        request->suppressor = suppressor_open();
    return suppressor_read(request->suppressor, file);
}

static bool set_check(void *wanted, const char *value)
{
    (void)value;
    return ((struct request *)wanted)->check = true;
}

static const struct argument_option options[] = {
    {"--check", NULL, set_check},
    {"--format", "text, json, html, csv, otlp, sarif, junit or gitlab", set_format},
    {"--rule", "rules", add_rules},
    {"--since", "a time", set_since},
    {"--until", "a time", set_until},
    {"--sort", "an order", set_order},
    {"--top", "a number", set_top},
    {"--suppressions", "a file", add_suppressions},
    {"--baseline", "a file", set_baseline},
    {"--write-baseline", "a file", set_write_baseline},
    {"--fail-on", "a level", set_fail_on},
    {"--source-root", "a directory", set_root},
    {"--symbol-path", "a directory", add_symbol_path},
    {"--sysroot", "a directory", add_symbol_path},
    {NULL, NULL, NULL},
};

static int check_files(const struct request *request)
{
    int status = STATUS_FINE;
    for (int index = 0; index < request->files.count; index++) {
        char *name = name_of_source(request->files.items[index]);
        if (name == NULL || check_arena(name) != ARENA_SOUND)
            status = STATUS_FAILED;
        free(name);
    }
    return status;
}

/* A violation of that level or a worse one that the baseline does not know; or a crash, than which nothing is worse. Who asks for some rules alone did not ask for crashes. */
static bool fails(const struct request *request, const struct findings *findings)
{
    if (request->fail_on != FAIL_NEVER && request->selection.rule_count == 0 && findings->crash_count != 0)
        return true;
    for (size_t index = 0; index < findings->count + findings->hidden; index++)
        if (!findings->items[index].known && severity_rank(member(findings->items[index].violation, "severity")) >= request->fail_on)
            return true;
    return false;
}

static int show(const struct request *request, struct findings *findings)
{
    bool there = read_sources(findings, request->files.items, request->files.count);
    findings_settle(findings);
    findings_sort(findings, request->order == ORDER_MET && request->top != 0 ? ORDER_COUNT : request->order, request->top);
    bool fine = json_array_size(findings->problems) == 0 && there;
    if (request->render != render_text || fine || findings->files != 0)
        request->render(stdout, findings);
    if (request->write_baseline != NULL) {
        struct baseline *now = baseline_of(findings);
        fine = baseline_write(now, request->write_baseline) && fine;
        baseline_close(now);
    }
    return fails(request, findings) ? STATUS_FOUND : fine ? STATUS_FINE : STATUS_FAILED;
}

static void request_clear(struct request *request)
{
    for (size_t index = 0; index < request->selection.rule_count; index++)
        free(request->selection.rules[index]);
    free(request->selection.rules);
    free(request->source_root);
    baseline_close(request->baseline);
    suppressor_close(request->suppressor);
}

int report_command(int count, char **arguments)
{
    struct request request = {.render = render_text};
    struct findings findings;
    const struct argument_rules rules = {"report", options};
    int status = read_arguments(&rules, count, arguments, &request, &request.files);
    if (status != STATUS_FINE) {
        request_clear(&request);
        return status;
    }
    if (request.files.count == 0) {
        complain("report", "which file? Give the logs or arena files to read");
        status = STATUS_WRONG_USAGE;
    } else if (request.check) {
        status = check_files(&request);
    } else {
        if (!request.fail_on_given)
            request.fail_on = request.baseline != NULL ? 0 : FAIL_NEVER;
        findings_open(&findings);
        if (request.render == render_html)
            records_want(&findings);
        findings.suppressor = request.suppressor;
        findings.selection = request.selection;
        findings.baseline = request.baseline;
        if (request.source_root == NULL)
            request.source_root = source_root(".");
        findings.source_root = request.source_root;
        findings.fail_on = request.fail_on;
        status = show(&request, &findings);
        findings_close(&findings);
    }
    request_clear(&request);
    return status;
}
