/* holdfast contracts: what libholdfast.so of this build knows of each C function, from the table that describe.py makes of the contracts. */
#include "arguments.h"
#include "command.h"
#include "contracts_table.h"
#include "text.h"
#include <fnmatch.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

const char contracts_usage[] =
    "usage: holdfast contracts [FUNCTION...] [--library gdal|geos|proj] [--effect VERB] [--format table|tsv|json]\n"
    "                          [--summary]\n\n"
    "Shows the contracts that the library was built with, an effect of a function a line: what the call does to which argument,\n"
    "what it brings, what that lives in and which functions free it, and the value that a refused call returns. A FUNCTION may\n"
    "hold wildcards (quote them: 'OGR_F_*'); without one, all are shown. --effect shows only effects of that verb; the verb\n"
    "`use` stands for a handle that only has to be alive. --summary shows nothing but the counts that close a table.\n"
    "Exit status: 0, 2 for wrong arguments and for a function without a contract.\n";

enum form { FORM_table, FORM_tsv, FORM_json };

struct request {
    char **patterns;
    int pattern_count;
    const char *library, *effect;
    enum form form;
    bool summary;
};

/* ---- what is asked for --------------------------------------------------------------------------------------------------------- */

static bool has_wildcard(const char *pattern)
{
    return strpbrk(pattern, "*?[") != NULL;
}

static bool function_wanted(const struct request *request, const struct contract_line *line)
{
    bool named = request->pattern_count == 0;
    for (int index = 0; index < request->pattern_count && !named; index++)
        named = fnmatch(request->patterns[index], line->function, 0) == 0;
    return named && (request->library == NULL || strcmp(request->library, line->library) == 0);
}

static bool effect_wanted(const struct request *request, const struct contract_effect *effect)
{
    return request->effect == NULL || strcmp(request->effect, effect->verb) == 0;
}

/* A line whose effects are all left out is left out as well. */
static bool line_wanted(const struct request *request, const struct contract_line *line)
{
    bool any = request->effect == NULL;
    for (uint32_t index = 0; index < line->effect_count && !any; index++)
        any = effect_wanted(request, &contract_effects[line->first_effect + index]);
    return any && function_wanted(request, line);
}

/* The next line that is wanted, from `index` on; contract_line_count when there is none. */
static size_t next_line(const struct request *request, size_t index)
{
    while (index < contract_line_count && !line_wanted(request, &contract_lines[index]))
        index++;
    return index;
}

/* The next effect of the line that is wanted, from number `index` of its effects on; NULL when there is none. */
static const struct contract_effect *next_effect(const struct request *request, const struct contract_line *line, uint32_t *index)
{
    while (*index < line->effect_count) {
        const struct contract_effect *effect = &contract_effects[line->first_effect + (*index)++];
        if (effect_wanted(request, effect))
            return effect;
    }
    return NULL;
}

/* ---- pieces of the answer -------------------------------------------------------------------------------------------------------- */

static const char *known(const char *text)
{
    return text != NULL ? text : "";
}

static char *versions_of(const struct contract_line *line)
{
    if (line->since == NULL)
        return line->before == NULL ? duplicate("all") : compose("<%s", line->before);
    return line->before == NULL ? compose(">=%s", line->since) : compose("%s..%s", line->since, line->before);
}

static char *side(int position, const char *name)
{
    return position >= 0 ? compose("%d %s", position, name) : duplicate(known(name));
}

static char *frees_of(const struct contract_effect *effect)
{
    char *names = duplicate("");
    for (const char *const *name = effect->owned && effect->kind != NULL ? effect->kind->frees : NULL; name != NULL && *name != NULL; name++) {
        char *longer = compose("%s%s%s", names, *names != '\0' ? ", " : "", *name);
        free(names);
        names = longer;
    }
    return names;
}

/* ---- counts ------------------------------------------------------------------------------------------------------------------------ */

#define VERBS_MAXIMUM 64
#define LIBRARIES_MAXIMUM 8

struct counts {
    size_t libraries;
    size_t functions[LIBRARIES_MAXIMUM], lines[LIBRARIES_MAXIMUM];
    const char *verbs[VERBS_MAXIMUM]; /* sorted */
    size_t verb_count;
    size_t effects[VERBS_MAXIMUM][LIBRARIES_MAXIMUM];
};

static size_t library_index(const char *name)
{
    size_t index = 0;
    while (contract_libraries[index] != NULL && strcmp(contract_libraries[index], name) != 0)
        index++;
    return index;
}

static int by_name(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* All verbs that occur, also those that the request leaves out. */
static void collect_verbs(struct counts *counts)
{
    for (size_t index = 0; index < contract_effect_count; index++) {
        size_t verb = 0;
        while (verb < counts->verb_count && strcmp(counts->verbs[verb], contract_effects[index].verb) != 0)
            verb++;
        if (verb == counts->verb_count && verb < VERBS_MAXIMUM)
            counts->verbs[counts->verb_count++] = contract_effects[index].verb;
    }
    qsort(counts->verbs, counts->verb_count, sizeof counts->verbs[0], by_name);
}

static void count(struct counts *counts, const struct request *request)
{
    memset(counts, 0, sizeof *counts);
    while (contract_libraries[counts->libraries] != NULL && counts->libraries < LIBRARIES_MAXIMUM)
        counts->libraries++;
    collect_verbs(counts);
    const char *last = "";
    for (size_t index = next_line(request, 0); index < contract_line_count; index = next_line(request, index + 1)) {
        const struct contract_line *line = &contract_lines[index];
        size_t library = library_index(line->library);
        counts->lines[library]++;
        counts->functions[library] += strcmp(last, line->function) != 0;
        last = line->function;
        const struct contract_effect *effect;
        for (uint32_t number = 0; (effect = next_effect(request, line, &number)) != NULL;) {
            const char **verb = bsearch(&effect->verb, counts->verbs, counts->verb_count, sizeof counts->verbs[0], by_name);
            if (verb != NULL)
                counts->effects[verb - counts->verbs][library]++;
        }
    }
}

static size_t total(const struct counts *counts, const size_t *of_libraries)
{
    size_t sum = 0;
    for (size_t library = 0; library < counts->libraries; library++)
        sum += of_libraries[library];
    return sum;
}

static void print_counts_row(const struct counts *counts, const char *name, const size_t *numbers, bool tabs)
{
    printf("%-*s", tabs ? 0 : 12, name);
    for (size_t library = 0; library < counts->libraries; library++)
        printf("%c%*zu", tabs ? '\t' : ' ', tabs ? 0 : 7, numbers[library]);
    printf("%c%*zu\n", tabs ? '\t' : ' ', tabs ? 0 : 7, total(counts, numbers));
}

static void print_counts(const struct counts *counts, bool tabs)
{
    printf("%-*s", tabs ? 0 : 12, tabs ? "effect" : "COUNTS");
    for (size_t library = 0; library < counts->libraries; library++)
        printf("%c%*s", tabs ? '\t' : ' ', tabs ? 0 : 7, contract_libraries[library]);
    printf("%c%*s\n", tabs ? '\t' : ' ', tabs ? 0 : 7, "total");
    print_counts_row(counts, "functions", counts->functions, tabs);
    print_counts_row(counts, "lines", counts->lines, tabs);
    for (size_t verb = 0; verb < counts->verb_count; verb++)
        if (total(counts, counts->effects[verb]) != 0)
            print_counts_row(counts, counts->verbs[verb], counts->effects[verb], tabs);
}

static json_t *json_numbers(const struct counts *counts, const size_t *numbers)
{
    json_t *object = json_object();
    for (size_t library = 0; library < counts->libraries; library++)
        json_object_set_new(object, contract_libraries[library], json_integer((json_int_t)numbers[library]));
    json_object_set_new(object, "total", json_integer((json_int_t)total(counts, numbers)));
    return object;
}

static json_t *json_counts(const struct counts *counts)
{
    json_t *object = json_object(), *effects = json_object();
    for (size_t verb = 0; verb < counts->verb_count; verb++)
        if (total(counts, counts->effects[verb]) != 0)
            json_object_set_new(effects, counts->verbs[verb], json_numbers(counts, counts->effects[verb]));
    json_object_set_new(object, "functions", json_numbers(counts, counts->functions));
    json_object_set_new(object, "lines", json_numbers(counts, counts->lines));
    json_object_set_new(object, "effects", effects);
    return object;
}

/* ---- table --------------------------------------------------------------------------------------------------------------------------- */

enum column { COLUMN_function, COLUMN_library, COLUMN_versions, COLUMN_effect, COLUMN_argument, COLUMN_kind, COLUMN_parent, COLUMN_fails, COLUMN_frees, COLUMN_COUNT };

static const char *const headings[COLUMN_COUNT] = {"FUNCTION", "LIBRARY", "VERSIONS", "EFFECT", "ARGUMENT", "KIND", "PARENT", "FAILS", "FREED BY"};

/* `effect` is NULL for a function that does nothing to any handle. */
static void make_cells(char *cells[COLUMN_COUNT], const struct contract_line *line, const struct contract_effect *effect)
{
    static const struct contract_effect nothing = {.verb = "-", .argument = CONTRACT_NONE, .parent = CONTRACT_NONE};
    effect = effect != NULL ? effect : &nothing;
    cells[COLUMN_function] = duplicate(line->function);
    cells[COLUMN_library] = duplicate(line->library);
    cells[COLUMN_versions] = versions_of(line);
    cells[COLUMN_effect] = duplicate(effect->verb);
    cells[COLUMN_argument] = side(effect->argument, effect->name);
    cells[COLUMN_kind] = duplicate(effect->kind != NULL ? effect->kind->name : "");
    cells[COLUMN_parent] = side(effect->parent, effect->parent_name);
    cells[COLUMN_fails] = duplicate(known(line->fails));
    cells[COLUMN_frees] = frees_of(effect);
}

static void free_cells(char *cells[COLUMN_COUNT])
{
    for (int column = 0; column < COLUMN_COUNT; column++)
        free(cells[column]);
}

static void print_cells(const char *const cells[COLUMN_COUNT], const size_t widths[COLUMN_COUNT])
{
    int last = COLUMN_COUNT - 1;
    while (last > 0 && cells[last][0] == '\0')
        last--;
    for (int column = 0; column <= last; column++)
        printf("%-*s%s", column < last ? (int)widths[column] : 0, cells[column], column < last ? "  " : "\n");
}

typedef void row_visitor(const struct contract_line *line, const struct contract_effect *effect, void *context);

static void visit_rows(const struct request *request, row_visitor *visit, void *context)
{
    for (size_t index = next_line(request, 0); index < contract_line_count; index = next_line(request, index + 1)) {
        const struct contract_effect *effect;
        uint32_t number = 0;
        if (contract_lines[index].effect_count == 0)
            visit(&contract_lines[index], NULL, context);
        while ((effect = next_effect(request, &contract_lines[index], &number)) != NULL)
            visit(&contract_lines[index], effect, context);
    }
}

static void measure_row(const struct contract_line *line, const struct contract_effect *effect, void *widths)
{
    char *cells[COLUMN_COUNT];
    make_cells(cells, line, effect);
    for (int column = 0; column < COLUMN_COUNT; column++)
        if (strlen(cells[column]) > ((size_t *)widths)[column])
            ((size_t *)widths)[column] = strlen(cells[column]);
    free_cells(cells);
}

static void print_table_row(const struct contract_line *line, const struct contract_effect *effect, void *widths)
{
    char *cells[COLUMN_COUNT];
    make_cells(cells, line, effect);
    print_cells((const char *const *)cells, widths);
    free_cells(cells);
}

/* Of functions that were named, the whole story: prototype, place and evidence. */
static void print_evidence(const struct request *request)
{
    for (size_t index = next_line(request, 0); index < contract_line_count; index = next_line(request, index + 1)) {
        const struct contract_line *line = &contract_lines[index];
        bool named = false;
        for (int pattern = 0; pattern < request->pattern_count; pattern++)
            named = named || strcmp(request->patterns[pattern], line->function) == 0;
        if (!named)
            continue;
        printf("\n%s (%s)\n", line->prototype, line->place);
        if (line->evidence != NULL)
            print_wrapped(stdout, line->evidence, 2, 100);
    }
}

static void print_table(const struct request *request)
{
    size_t widths[COLUMN_COUNT];
    for (int column = 0; column < COLUMN_COUNT; column++)
        widths[column] = strlen(headings[column]);
    visit_rows(request, measure_row, widths);
    print_cells(headings, widths);
    visit_rows(request, print_table_row, widths);
    print_evidence(request);
    putchar('\n');
}

/* ---- tab-separated values -------------------------------------------------------------------------------------------------------------- */

static const char tsv_heading[] = "function\tlibrary\tsince\tbefore\teffect\targument\tname\tkind\tparent\tparent_name\tparent_kind\tfails\tfreed_by\twords\tplace\tprototype\tevidence\n";

static void print_field(const char *text, char end)
{
    for (; text != NULL && *text != '\0'; text++)
        putchar((unsigned char)*text < 0x20 ? ' ' : *text);
    putchar(end);
}

static void print_position(int position)
{
    if (position >= 0)
        printf("%d", position);
    putchar('\t');
}

static void print_tsv_row(const struct contract_line *line, const struct contract_effect *effect, void *context)
{
    static const struct contract_effect nothing = {.argument = CONTRACT_NONE, .parent = CONTRACT_NONE};
    (void)context;
    effect = effect != NULL ? effect : &nothing;
    print_field(line->function, '\t');
    print_field(line->library, '\t');
    print_field(line->since, '\t');
    print_field(line->before, '\t');
    print_field(effect->verb, '\t');
    print_position(effect->argument);
    print_field(effect->name, '\t');
    print_field(effect->kind != NULL ? effect->kind->name : NULL, '\t');
    print_position(effect->parent);
    print_field(effect->parent_name, '\t');
    print_field(effect->parent_kind != NULL ? effect->parent_kind->name : NULL, '\t');
    print_field(line->fails, '\t');
    char *frees = frees_of(effect);
    print_field(frees, '\t');
    free(frees);
    print_field(effect->words, '\t');
    print_field(line->place, '\t');
    print_field(line->prototype, '\t');
    print_field(line->evidence, '\n');
}

/* ---- JSON ---------------------------------------------------------------------------------------------------------------------------------- */

static json_t *json_known(const char *text)
{
    return text != NULL ? json_string(text) : json_null();
}

static json_t *json_position(int position)
{
    return position >= 0 ? json_integer(position) : json_null();
}

static json_t *json_effect(const struct contract_effect *effect)
{
    json_t *object = json_object();
    json_object_set_new(object, "effect", json_string(effect->verb));
    json_object_set_new(object, "words", json_string(effect->words));
    json_object_set_new(object, "argument", json_position(effect->argument));
    json_object_set_new(object, "name", json_known(effect->name));
    json_object_set_new(object, "kind", json_known(effect->kind != NULL ? effect->kind->name : NULL));
    json_object_set_new(object, "parent", json_position(effect->parent));
    json_object_set_new(object, "parent_name", json_known(effect->parent_name));
    json_object_set_new(object, "parent_kind", json_known(effect->parent_kind != NULL ? effect->parent_kind->name : NULL));
    if (effect->owned && effect->kind != NULL) {
        json_t *frees = json_array();
        for (const char *const *name = effect->kind->frees; *name != NULL; name++)
            json_array_append_new(frees, json_string(*name));
        json_object_set_new(object, "freed_by", frees);
    }
    return object;
}

static json_t *json_line(const struct request *request, const struct contract_line *line)
{
    json_t *object = json_object(), *effects = json_array();
    json_object_set_new(object, "function", json_string(line->function));
    json_object_set_new(object, "library", json_string(line->library));
    json_object_set_new(object, "since", json_known(line->since));
    json_object_set_new(object, "before", json_known(line->before));
    json_object_set_new(object, "prototype", json_string(line->prototype));
    json_object_set_new(object, "fails", json_known(line->fails));
    json_object_set_new(object, "place", json_string(line->place));
    json_object_set_new(object, "evidence", json_known(line->evidence));
    const struct contract_effect *effect;
    for (uint32_t number = 0; (effect = next_effect(request, line, &number)) != NULL;)
        json_array_append_new(effects, json_effect(effect));
    json_object_set_new(object, "effects", effects);
    return object;
}

static void print_json(const struct request *request, const struct counts *counts)
{
    json_t *document = json_object();
    json_object_set_new(document, "schema", json_integer(1));
    json_object_set_new(document, "type", json_string("contracts"));
    json_object_set_new(document, "version", json_string(HOLDFAST_VERSION));
    if (!request->summary) {
        json_t *lines = json_array();
        for (size_t index = next_line(request, 0); index < contract_line_count; index = next_line(request, index + 1))
            json_array_append_new(lines, json_line(request, &contract_lines[index]));
        json_object_set_new(document, "contracts", lines);
    }
    json_object_set_new(document, "counts", json_counts(counts));
    json_dumpf(document, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(document);
}

/* ---- arguments ------------------------------------------------------------------------------------------------------------------------------- */

#define SUGGESTIONS 3

/* Names the functions whose names are nearest, best first, or what else helps. */
static void complain_unknown(const char *name)
{
    const char *best[SUGGESTIONS] = {NULL};
    unsigned distances[SUGGESTIONS];
    size_t containing = 0;
    const char *last = "";
    for (size_t index = 0; index < contract_line_count; index++) {
        const char *function = contract_lines[index].function;
        if (strcmp(function, last) == 0)
            continue;
        last = function;
        containing += strcasestr(function, name) != NULL;
        unsigned distance = edit_distance(name, function);
        if (distance > 2 + strlen(name) / 4)
            continue;
        size_t place = SUGGESTIONS;
        while (place > 0 && (best[place - 1] == NULL || distance < distances[place - 1]))
            place--;
        for (size_t moved = SUGGESTIONS - 1; moved > place; moved--) {
            best[moved] = best[moved - 1];
            distances[moved] = distances[moved - 1];
        }
        if (place < SUGGESTIONS) {
            best[place] = function;
            distances[place] = distance;
        }
    }
    if (best[0] != NULL)
        complain("contracts", "there is no contract for '%s'; did you mean %s%s%s%s%s?", name, best[0], best[1] != NULL ? ", " : "", known(best[1]),
                 best[2] != NULL ? ", " : "", known(best[2]));
    else if (containing != 0)
        complain("contracts", "there is no contract for '%s'; %zu function%s that in the name: holdfast contracts '*%s*'", name, containing,
                 containing == 1 ? " has" : "s have", name);
    else
        complain("contracts", "there is no contract for '%s': it takes and returns no handle, is not part of GDAL, GEOS or PROJ, or is newer than this build", name);
}

static bool functions_exist(const struct request *request)
{
    bool all = true;
    for (int pattern = 0; pattern < request->pattern_count; pattern++) {
        const char *wanted = request->patterns[pattern];
        bool found = false;
        for (size_t index = 0; index < contract_line_count && !found; index++)
            found = fnmatch(wanted, contract_lines[index].function, 0) == 0;
        if (found)
            continue;
        all = false;
        if (has_wildcard(wanted))
            complain("contracts", "no function with a contract matches '%s'", wanted);
        else
            complain_unknown(wanted);
    }
    return all;
}

static bool effect_exists(const char *verb)
{
    struct counts counts = {0};
    collect_verbs(&counts);
    char *all = duplicate("");
    bool found = false;
    for (size_t index = 0; index < counts.verb_count; index++) {
        found = found || strcmp(counts.verbs[index], verb) == 0;
        char *longer = compose("%s%s%s", all, index > 0 ? ", " : "", counts.verbs[index]);
        free(all);
        all = longer;
    }
    if (!found)
        complain("contracts", "--effect '%s' is none of the effects: %s", verb, all);
    free(all);
    return found;
}

static bool set_library(void *request, const char *value)
{
    static const char *const names[] = {"gdal", "geos", "proj", NULL};
    ((struct request *)request)->library = value;
    return word_among("contracts", "--library", value, names) >= 0;
}

static bool set_effect(void *request, const char *value)
{
    ((struct request *)request)->effect = value;
    return effect_exists(value);
}

static bool set_form(void *request, const char *value)
{
    static const char *const names[] = {[FORM_table] = "table", [FORM_tsv] = "tsv", [FORM_json] = "json", NULL};
    int form = word_among("contracts", "--format", value, names);
    ((struct request *)request)->form = form >= 0 ? (enum form)form : FORM_table;
    return form >= 0;
}

static bool set_summary(void *request, const char *value)
{
    (void)value;
    return ((struct request *)request)->summary = true;
}

static const struct argument_option options[] = {
    {"--library", "gdal, geos or proj", set_library}, {"--effect", "an effect", set_effect}, {"--format", "table, tsv or json", set_form}, {"--summary", NULL, set_summary}, {NULL, NULL, NULL}};

int contracts_command(int argument_count, char **arguments)
{
    const struct argument_rules rules = {"contracts", options};
    struct request request = {0};
    struct argument_words words;
    int status = read_arguments(&rules, argument_count, arguments, &request, &words);
    if (status != STATUS_FINE)
        return status;
    request.patterns = words.items;
    request.pattern_count = words.count;
    status = STATUS_USAGE;
    if (functions_exist(&request)) {
        struct counts counts;
        count(&counts, &request);
        if (request.form == FORM_json) {
            print_json(&request, &counts);
        } else if (request.form == FORM_table) {
            if (!request.summary)
                print_table(&request);
            print_counts(&counts, false);
        } else if (request.summary) {
            print_counts(&counts, true);
        } else {
            fputs(tsv_heading, stdout);
            visit_rows(&request, print_tsv_row, NULL);
        }
        status = STATUS_FINE;
    }
    return status;
}
