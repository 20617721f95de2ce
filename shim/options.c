/* Parsing of HOLDFAST_OPTIONS. Runs at activation, in any thread, once. Allocates nothing: it works on a bounded copy. */
#include "options.h"
#include "young.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define OPTIONS_TEXT_MAX 65536

struct mistakes {
    char *text;
    size_t bytes;
    unsigned count;
};

struct word {
    const char *start;
    size_t length;
};

static void mistake(struct mistakes *mistakes, const char *format, struct word name, struct word value, const char *expected)
{
    if (mistakes->count++ == 0)
        snprintf(mistakes->text, mistakes->bytes, format, (int)(name.length < 40 ? name.length : 40), name.start,
                 (int)(value.length < 60 ? value.length : 60), value.start, expected);
}

static bool is(struct word word, const char *text)
{
    return strlen(text) == word.length && memcmp(word.start, text, word.length) == 0;
}

/* A number with an optional suffix k, m or g; false unless all of the word is one and it lies in [low, high]. */
static bool number(struct word word, bool suffix, uint64_t low, uint64_t high, uint64_t *value)
{
    uint64_t result = 0;
    size_t i = 0;
    for (; i < word.length && word.start[i] >= '0' && word.start[i] <= '9'; i++)
        if (__builtin_mul_overflow(result, 10, &result) || __builtin_add_overflow(result, (uint64_t)(word.start[i] - '0'), &result))
            return false;
    if (i == 0)
        return false;
    if (suffix && i + 1 == word.length)
    {
        unsigned shift = (word.start[i] | 0x20) == 'k' ? 10 : (word.start[i] | 0x20) == 'm' ? 20 : (word.start[i] | 0x20) == 'g' ? 30 : 0;
        if (shift == 0 || result > UINT64_MAX >> 30)
            return false;
        result <<= shift;
        i++;
    }
    *value = result;
    return i == word.length && result >= low && result <= high;
}

static const char *set_mode(option_mode *option, struct word value)
{
    if (is(value, "report"))
        *option = MODE_report;
    else if (is(value, "defer"))
        *option = MODE_defer;
    else if (is(value, "reject"))
        *option = MODE_reject;
    else
        return "expected report, defer or reject";
    return NULL;
}

static const char *set_borrowed(option_borrowed *option, struct word value)
{
    if (is(value, "grace"))
        *option = BORROWED_GRACE;
    else if (is(value, "live"))
        *option = BORROWED_LIVE;
    else if (is(value, "dead"))
        *option = BORROWED_DEAD;
    else
        return "expected grace, live or dead";
    return NULL;
}

static const char *set_format(option_format *option, struct word value)
{
    if (is(value, "text"))
        *option = FORMAT_text;
    else if (is(value, "json"))
        *option = FORMAT_json;
    else
        return "expected text or json";
    return NULL;
}

static const char *set_leaks(option_leaks *option, struct word value)
{
    if (is(value, "off") || is(value, "0"))
        *option = LEAKS_off;
    else if (is(value, "data"))
        *option = LEAKS_data;
    else if (is(value, "all") || is(value, "1"))
        *option = LEAKS_all;
    else
        return "off, data or all";
    return NULL;
}

static const char *set_path(option_path *option, struct word value)
{
    if (value.length >= OPTION_PATH_BYTES)
        return "expected a path shorter than 1024 bytes";
    memcpy(*option, value.start, value.length);
    (*option)[value.length] = '\0';
    return NULL;
}

static const char *set_files(option_files *option, struct word value)
{
    if (value.length == 0 || value.length >= OPTION_PATH_BYTES)
        return "expected a path shorter than 1024 bytes";
    if (value.length >= sizeof option->text - option->used)
        return "there are too many files, all paths together may have 4096 bytes: join the files";
    memcpy(option->text + option->used, value.start, value.length);
    option->text[option->used + value.length] = '\0';
    option->used += value.length + 1;
    return NULL;
}

static const char *set_flag(option_flag *option, struct word value)
{
    if (!is(value, "0") && !is(value, "1"))
        return "expected 0 or 1";
    *option = is(value, "1");
    return NULL;
}

static const char *set_count(option_count *option, struct word value)
{
    uint64_t result;
    if (!number(value, false, 0, 100000000, &result))
        return "expected a whole number from 0 to 100000000";
    *option = (option_count)result;
    return NULL;
}

static const char *set_seconds(option_seconds *option, struct word value)
{
    uint64_t result;
    if (!number(value, false, 0, 100000000, &result))
        return "expected seconds, a whole number from 0 to 100000000";
    *option = (option_seconds)result;
    return NULL;
}

static const char *set_bytes(option_bytes *option, struct word value)
{
    uint64_t result;
    if (!number(value, true, 0, UINT64_C(1) << 40, &result))
        return "expected bytes, a number with an optional k, m or g";
    *option = result;
    return NULL;
}

static const char *set_levels(option_levels *option, struct word value)
{
    static char error[300]; /* parsed once a process, by one thread */
    char first[200];
    unsigned mistakes = rule_levels_apply(option, value.start, value.length, first, sizeof first);
    if (mistakes == 0)
        return NULL;
    if (mistakes == 1)
        snprintf(error, sizeof error, "%s; the rest of the list holds", first);
    else
        snprintf(error, sizeof error, "%s (and %u more mistakes in it); the rest of the list holds", first, mistakes - 1);
    return error;
}

void options_defaults(struct options *options)
{
    memset(options, 0, sizeof *options);
#define DEFAULT_mode(name, fallback) options->name = fallback;
#define DEFAULT_borrowed(name, fallback) options->name = fallback;
#define DEFAULT_format(name, fallback) options->name = fallback;
#define DEFAULT_leaks(name, fallback) options->name = fallback;
#define DEFAULT_path(name, fallback) snprintf(options->name, sizeof options->name, "%s", fallback);
#define DEFAULT_flag(name, fallback) options->name = fallback;
#define DEFAULT_count(name, fallback) options->name = fallback;
#define DEFAULT_seconds(name, fallback) options->name = fallback;
#define DEFAULT_bytes(name, fallback) options->name = fallback;
#define DEFAULT_files(name, fallback) options->name.used = 0;
#define DEFAULT_levels(name, fallback) rule_levels_default(&options->name);
#define OPTION(name, type, fallback, help) DEFAULT_##type(name, fallback)
#include "options.def"
#undef OPTION
}

static void set_option(struct options *options, struct word name, struct word value, struct mistakes *mistakes)
{
    const char *expected = NULL;
#define OPTION(option, type, fallback, help)                                                                         \
    if (is(name, #option))                                                                                           \
    {                                                                                                                \
        expected = set_##type(&options->option, value);                                                              \
        if (expected != NULL)                                                                                        \
            mistake(mistakes, "HOLDFAST_OPTIONS: %.*s=%.*s is not understood: %s", name, value, expected);  \
        return;                                                                                                      \
    }
#include "options.def"
#undef OPTION
    mistake(mistakes, "HOLDFAST_OPTIONS: there is no option '%.*s' (in '%.*s...'); %s", name, name, "help=1 lists all");
}

/* Ranges that a single option's type does not tell: out of range is corrected to the nearest bound, and said. */
static void check_ranges(struct options *options, struct mistakes *mistakes)
{
    struct word none = {"", 0}, depth = {"stack_depth", 11}, arena = {"arena_size", 10}, code = {"exitcode", 8};
    if (options->stack_depth < 1 || options->stack_depth > 64)
    {
        mistake(mistakes, "HOLDFAST_OPTIONS: %.*s is out of range%.*s: %s", depth, none, "1 to 64");
        options->stack_depth = options->stack_depth < 1 ? 1 : 64;
    }
    if (options->young > YOUNG_DEAD_MAX)
    {
        struct word young = {"young", 5};
        mistake(mistakes, "HOLDFAST_OPTIONS: %.*s is out of range%.*s: %s", young, none, "0 to 1024");
        options->young = YOUNG_DEAD_MAX;
    }
    if (options->arena_size < ARENA_MINIMUM_BYTES || options->arena_size > UINT64_C(1) << 36)
    {
        mistake(mistakes, "HOLDFAST_OPTIONS: %.*s is out of range%.*s: %s", arena, none, "256k to 64g");
        options->arena_size = options->arena_size < ARENA_MINIMUM_BYTES ? ARENA_MINIMUM_BYTES : UINT64_C(1) << 36;
    }
    if (options->record_size < ARENA_MINIMUM_BYTES || options->record_size > UINT64_C(1) << 36)
    {
        struct word record = {"record_size", 11};
        mistake(mistakes, "HOLDFAST_OPTIONS: %.*s is out of range%.*s: %s", record, none, "256k to 64g");
        options->record_size = options->record_size < ARENA_MINIMUM_BYTES ? ARENA_MINIMUM_BYTES : UINT64_C(1) << 36;
    }
    if (options->exitcode > 255)
    {
        mistake(mistakes, "HOLDFAST_OPTIONS: %.*s is out of range%.*s: %s", code, none, "0 to 255");
        options->exitcode = 255;
    }
}

bool options_parse(struct options *options, const char *text, char *error, size_t error_bytes)
{
    struct mistakes mistakes = {.text = error, .bytes = error_bytes, .count = 0};
    error[0] = '\0';
    if (text == NULL)
        return true;
    size_t length = strnlen(text, OPTIONS_TEXT_MAX + 1);
    if (length > OPTIONS_TEXT_MAX)
    {
        snprintf(error, error_bytes, "HOLDFAST_OPTIONS is longer than %d bytes: all of it is ignored", OPTIONS_TEXT_MAX);
        return false;
    }
    for (const char *end = text + length; text < end;)
    {
        const char *stop = memchr(text, ':', (size_t)(end - text));
        stop = stop != NULL ? stop : end;
        if (stop > text)
        {
            const char *equals = memchr(text, '=', (size_t)(stop - text));
            struct word name = {text, (size_t)((equals != NULL ? equals : stop) - text)};
            struct word value = {equals != NULL ? equals + 1 : stop, (size_t)(stop - (equals != NULL ? equals + 1 : stop))};
            if (equals == NULL)
                mistake(&mistakes, "HOLDFAST_OPTIONS: '%.*s' has no value%.*s: %s", name, (struct word){"", 0}, "write name=value, options are separated by ':'");
            else if (name.length == 0)
                mistake(&mistakes, "HOLDFAST_OPTIONS: '%.*s=%.*s' has no name: %s", name, value, "write name=value, options are separated by ':'");
            else
                set_option(options, name, value, &mistakes);
        }
        text = stop + 1;
    }
    check_ranges(options, &mistakes);
    if (mistakes.count > 1)
    {
        size_t used = strlen(error);
        snprintf(error + used, error_bytes - used, " (and %u more mistakes)", mistakes.count - 1);
    }
    return mistakes.count == 0;
}

static const struct {
    const char *name, *type, *fallback, *help;
} option_table[] = {
#define OPTION(name, type, fallback, help) {#name, #type, #fallback, help},
#include "options.def"
#undef OPTION
};

void options_print(int descriptor)
{
    char line[512];
    int length = snprintf(line, sizeof line, "Options of Holdfast, for HOLDFAST_OPTIONS=name=value:name=value...\n");
    if (write(descriptor, line, (size_t)length) != length)
        return;
    for (size_t i = 0; i < sizeof option_table / sizeof option_table[0]; i++)
    {
        const char *fallback = option_table[i].fallback;
        const char *underscore = strchr(fallback, '_');
        char word[16];
        if (fallback[0] == '"') /* a path: without the quotes */
            snprintf(word, sizeof word, "%.*s", (int)strlen(fallback) - 2, fallback + 1);
        else
            snprintf(word, sizeof word, "%s", underscore != NULL ? underscore + 1 : fallback);
        for (char *letter = word; *letter != '\0'; letter++)
            *letter = *letter >= 'A' && *letter <= 'Z' ? (char)(*letter - 'A' + 'a') : *letter;
        fallback = word[0] != '\0' ? word : "none";
        length = snprintf(line, sizeof line, "  %-14s (default %s) %s\n", option_table[i].name, fallback, option_table[i].help);
        if (length < 0 || write(descriptor, line, (size_t)length) != length)
            return;
    }
}
