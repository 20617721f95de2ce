/* holdfast diff: what two sets of logs, or two reports, have more or less than each other, by signature. */
#include "arguments.h"
#include "baseline.h"
#include "command.h"
#include "sources.h"
#include "text.h"
#include <stdlib.h>
#include <string.h>

const char diff_usage[] =
    "usage: holdfast diff [--format text|json] [--fail-on appeared|more|never] OLD NEW\n\n"
    "Says which violations appeared, vanished, became more or fewer between OLD and NEW. Each is a JSON report (holdfast report --format json), what --write-baseline\n"
    "wrote, a list of signatures, or a log, record or directory as `holdfast report` reads them. Violations are told apart by their signature, which outlives edits\n"
    "elsewhere in a file and other builds.\n\n"
    "Example:  holdfast report --format json logs > today.json && holdfast diff yesterday.json today.json\n\n"
    "Exit status: 0, 1 when a side is damaged or foreign, 2 for wrong arguments, 3 when violations appeared (--fail-on more: or became more; never: not even then).\n";

enum change { CHANGE_APPEARED, CHANGE_VANISHED, CHANGE_MORE, CHANGE_FEWER, CHANGE_COUNT };
static const char *const change_names[CHANGE_COUNT] = {"appeared", "vanished", "more", "fewer"};

struct difference {
    enum change change;
    const struct baseline_entry *entry; /* of the side that tells more */
    int64_t before, after;
};

struct differences {
    struct difference *items;
    size_t count, counts[CHANGE_COUNT];
};

struct diff_request {
    bool json;
    int fail_on; /* 0 appeared, 1 more, 2 never */
};

/* One side as signatures with counts. NULL, and said: it cannot be read. `damaged`: in parts. */
static struct baseline *read_side(char *name, bool *damaged)
{
    if (document_in(name) != DOCUMENT_NONE)
        return baseline_read("diff", name);
    struct findings findings;
    findings_open(&findings);
    bool there = read_sources(&findings, &name, 1);
    findings_settle(&findings);
    bool readable = there && (findings.files != 0 || json_array_size(findings.problems) == 0);
    *damaged = *damaged || json_array_size(findings.problems) != 0;
    struct baseline *side = readable ? baseline_of(&findings) : NULL;
    findings_close(&findings);
    return side;
}

static void add_difference(struct differences *all, enum change change, const struct baseline_entry *entry, int64_t before, int64_t after)
{
    all->items[all->count++] = (struct difference){change, entry, before, after};
    all->counts[change]++;
}

/* A list of signatures has no counts: of what is in both nothing can be said then. */
static struct differences compare(const struct baseline *old, const struct baseline *new)
{
    size_t old_count, new_count;
    const struct baseline_entry *before = baseline_entries(old, &old_count), *after = baseline_entries(new, &new_count);
    struct differences all = {.items = allocate((old_count + new_count) * sizeof *all.items)};
    for (size_t index = 0; index < new_count; index++) {
        const struct baseline_entry *same = baseline_find(old, after[index].signature);
        int64_t count = after[index].count;
        if (same == NULL)
            add_difference(&all, CHANGE_APPEARED, &after[index], 0, count);
        else if (same->count != 0 && count != 0 && same->count != count)
            add_difference(&all, count > same->count ? CHANGE_MORE : CHANGE_FEWER, after[index].rule[0] != '\0' ? &after[index] : same, same->count, count);
    }
    for (size_t index = 0; index < old_count; index++)
        if (baseline_find(new, before[index].signature) == NULL)
            add_difference(&all, CHANGE_VANISHED, &before[index], before[index].count, 0);
    return all;
}

static void show_text(const struct differences *all)
{
    for (int change = 0; change < CHANGE_COUNT; change++)
        for (size_t index = 0; index < all->count; index++) {
            const struct difference *one = &all->items[index];
            if ((int)one->change != change)
                continue;
            char *line = compose("%-9s %s %-6s %6lld -> %-6lld %s", change_names[change], one->entry->signature, one->entry->rule, (long long)one->before, (long long)one->after, one->entry->place);
            print_line_safely(stdout, line);
            free(line);
            if (one->entry->message[0] != '\0') {
                fputs("  ", stdout);
                print_line_safely(stdout, one->entry->message);
            }
            fputc('\n', stdout);
        }
    printf("%zu appeared, %zu vanished, %zu more, %zu fewer\n", all->counts[CHANGE_APPEARED], all->counts[CHANGE_VANISHED], all->counts[CHANGE_MORE], all->counts[CHANGE_FEWER]);
}

static void show_json(const struct differences *all)
{
    json_t *document = json_pack("{s:i, s:s}", "schema", SCHEMA_VERSION, "type", "diff");
    for (int change = 0; change < CHANGE_COUNT; change++) {
        json_t *list = json_array();
        for (size_t index = 0; index < all->count; index++) {
            const struct difference *one = &all->items[index];
            if ((int)one->change == change)
                json_array_append_new(list, json_pack("{s:s, s:o, s:o, s:o, s:I, s:I}", "signature", one->entry->signature, "rule", json_text(one->entry->rule), "place", json_text(one->entry->place),
                                                      "message", json_text(one->entry->message), "before", (json_int_t)one->before, "after", (json_int_t)one->after));
        }
        json_object_set_new(document, change_names[change], list);
    }
    json_dumpf(document, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(document);
}

static bool set_diff_format(void *request, const char *value)
{
    static const char *const names[] = {"text", "json", NULL};
    int chosen = word_among("diff", "--format", value, names);
    ((struct diff_request *)request)->json = chosen == 1;
    return chosen >= 0;
}

static bool set_bound(void *request, const char *value)
{
    static const char *const bounds[] = {"appeared", "more", "never", NULL};
    int chosen = word_among("diff", "--fail-on", value, bounds);
    ((struct diff_request *)request)->fail_on = chosen;
    return chosen >= 0;
}

int diff_command(int count, char **arguments)
{
    static const struct argument_option options[] = {{"--format", "text or json", set_diff_format}, {"--fail-on", "appeared, more or never", set_bound}, {NULL, NULL, NULL}};
    const struct argument_rules rules = {"diff", options};
    struct diff_request request = {0};
    struct argument_words words;
    int status = read_arguments(&rules, count, arguments, &request, &words);
    if (status != STATUS_FINE)
        return status;
    if (words.count != 2) {
        complain("diff", "what with what? Give two: the old and the new");
        return STATUS_WRONG_USAGE;
    }
    bool damaged = false;
    struct baseline *old = read_side(words.items[0], &damaged), *new = read_side(words.items[1], &damaged);
    status = STATUS_FAILED;
    if (old != NULL && new != NULL) {
        struct differences all = compare(old, new);
        (request.json ? show_json : show_text)(&all);
        bool found = request.fail_on < 2 && (all.counts[CHANGE_APPEARED] != 0 || (request.fail_on == 1 && all.counts[CHANGE_MORE] != 0));
        status = found ? STATUS_FOUND : damaged ? STATUS_FAILED : STATUS_FINE;
        free(all.items);
    }
    baseline_close(old);
    baseline_close(new);
    return status;
}
