/* Parsing of HOLDFAST_OPTIONS, of the files that it names, and of requests of `holdfast ctl`. Runs at activation, in any thread, once; requests come later, one at a
 * time. Allocates nothing. */
#include "options.h"
#include "young.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define OPTIONS_TEXT_MAX 65536
#define OPTIONS_FILES_MAX 8 /* named by one HOLDFAST_OPTIONS */

struct mistakes {
    char *text;
    size_t bytes;
    unsigned count;
    /* Where the text comes from: HOLDFAST_OPTIONS, or a file and a line of it. */
    const char *source;
    unsigned line; /* 0: it has none */
    bool request;  /* of a running process */
    unsigned files; /* read so far */
};

struct word {
    const char *start;
    size_t length;
};

static void mistake(struct mistakes *mistakes, const char *format, struct word name, struct word value, const char *expected)
{
    if (mistakes->count++ != 0)
        return;
    char line[16] = "";
    if (mistakes->line != 0)
        snprintf(line, sizeof line, ":%u", mistakes->line);
    int used = snprintf(mistakes->text, mistakes->bytes, "%.200s%s: ", mistakes->source, line);
    if (used > 0 && (size_t)used < mistakes->bytes)
        snprintf(mistakes->text + used, mistakes->bytes - (size_t)used, format, (int)(name.length < 40 ? name.length : 40), name.start,
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
    else if (is(value, "otlp"))
        *option = FORMAT_otlp;
    else
        return "expected text, json or otlp";
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

static struct word behind(struct word word, size_t bytes)
{
    return (struct word){word.start + bytes, word.length - bytes};
}

static bool begins(struct word word, const char *text)
{
    return word.length >= strlen(text) && memcmp(word.start, text, strlen(text)) == 0;
}

/* What follows the colon, or what is meant without one. */
static bool set_service(option_destination *option, enum log_place place, struct word socket, const char *usual)
{
    /* sun_path has 108 bytes */
    if (socket.length > 1 + 107 || (socket.length > 0 && !begins(socket, ":/")))
        return false;
    option->place = place;
    if (socket.length == 0)
        snprintf(option->path, sizeof option->path, "%s", usual);
    else
        snprintf(option->path, sizeof option->path, "%.*s", (int)socket.length - 1, socket.start + 1);
    return true;
}

static const char *set_destination(option_destination *option, struct word value)
{
    static const char expected[] = "expected stderr, file:PREFIX, fd:N, syslog or journald";
    uint64_t descriptor;
    if (is(value, "stderr"))
        option->place = LOG_stderr;
    else if (begins(value, "file:"))
    {
        if (value.length == 5 || value.length - 5 >= OPTION_PATH_BYTES)
            return "expected a path shorter than 1024 bytes";
        option->place = LOG_file;
        snprintf(option->path, sizeof option->path, "%.*s", (int)value.length - 5, value.start + 5);
    }
    else if (begins(value, "fd:"))
    {
        if (!number(behind(value, 3), false, 0, 1 << 20, &descriptor))
            return "expected the number of an open descriptor";
        option->place = LOG_descriptor;
        option->descriptor = (int)descriptor;
    }
    else if (begins(value, "syslog"))
        return set_service(option, LOG_syslog, behind(value, 6), LOG_SYSLOG_SOCKET) ? NULL : "expected syslog, or syslog:/SOCKET with a path shorter than 108 bytes";
    else if (begins(value, "journald"))
        return set_service(option, LOG_journald, behind(value, 8), LOG_JOURNALD_SOCKET) ? NULL : "expected journald, or journald:/SOCKET with a path shorter than 108 bytes";
    else
        return expected;
    return NULL;
}

static const char *set_signal(option_signal *option, struct word value)
{
    uint64_t offset;
    struct word name = begins(value, "SIG") ? behind(value, 3) : value;
    if (is(value, "none") || is(value, "0"))
        *option = 0;
    else if (is(name, "HUP"))
        *option = SIGHUP;
    else if (is(name, "USR1"))
        *option = SIGUSR1;
    else if (is(name, "USR2"))
        *option = SIGUSR2;
    else if (begins(name, "RTMIN+") && number(behind(name, 6), false, 0, (uint64_t)(SIGRTMAX - SIGRTMIN), &offset))
        *option = SIGRTMIN + (int)offset;
    else if (begins(name, "RTMAX-") && number(behind(name, 6), false, 0, (uint64_t)(SIGRTMAX - SIGRTMIN), &offset))
        *option = SIGRTMAX - (int)offset;
    else
        return "expected none, HUP, USR1, USR2, RTMIN+N or RTMAX-N";
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
#define DEFAULT_destination(name, fallback) options->name = (option_destination){.place = LOG_stderr};
#define DEFAULT_signal(name, fallback) options->name = 0;
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

/* What a running process can be told to change. The others are about what it was built up with at its first handle. */
#define CHANGEABLE(X)                                                                                                \
    X(mode) X(borrowed) X(log) X(log_path) X(log_format) X(log_size) X(log_files) X(log_rate) X(exitcode) X(halt_on_error) X(summary)                \
    X(hold_max) X(hold_seconds) X(grace_max) X(fence_max) X(fence_bytes) X(leaks) X(growth) X(growth_many) X(advice) X(rules) X(stats)

static bool is_changeable(struct word name)
{
#define X(option)                                                                                                    \
    if (is(name, #option))                                                                                           \
        return true;
    CHANGEABLE(X)
#undef X
    return false;
}

void options_take_changes(struct options *options, const struct options *changed)
{
#define X(option)                                                                                                    \
    if (memcmp(&options->option, &changed->option, sizeof options->option) != 0)                                     \
        memcpy(&options->option, &changed->option, sizeof options->option);
    CHANGEABLE(X)
#undef X
}

/* log_path is short for log=file:, and of the two the later one counts. */
static void settle_log_path(struct options *options)
{
    if (options->log_path[0] == '\0' || strcmp(options->log_path, "stderr") == 0)
        options->log.place = LOG_stderr;
    else
    {
        options->log.place = LOG_file;
        memcpy(options->log.path, options->log_path, sizeof options->log.path);
    }
}

static void set_option(struct options *options, struct word name, struct word value, struct mistakes *mistakes)
{
    const char *expected = NULL;
    if (mistakes->request && !is_changeable(name))
    {
        mistake(mistakes, "'%.*s=%.*s' cannot be asked of a running process: %s", name, value, "set it before the program starts");
        return;
    }
#define OPTION(option, type, fallback, help)                                                                         \
    if (is(name, #option))                                                                                           \
    {                                                                                                                \
        expected = set_##type(&options->option, value);                                                              \
        if (expected != NULL)                                                                                        \
            mistake(mistakes, "%.*s=%.*s is not understood: %s", name, value, expected);                             \
        else if (is(name, "log_path"))                                                                               \
            settle_log_path(options);                                                                                \
        return;                                                                                                      \
    }
#include "options.def"
#undef OPTION
    mistake(mistakes, "there is no option '%.*s' (in '%.*s...'); %s", name, name, "help=1 lists all");
}

/* Ranges that a single option's type does not tell: out of range is corrected to the nearest bound, and said. */
static void check_ranges(struct options *options, struct mistakes *mistakes)
{
    struct word none = {"", 0}, depth = {"stack_depth", 11}, arena = {"arena_size", 10}, code = {"exitcode", 8};
    if (options->stack_depth < 1 || options->stack_depth > 64)
    {
        mistake(mistakes, "%.*s is out of range%.*s: %s", depth, none, "1 to 64");
        options->stack_depth = options->stack_depth < 1 ? 1 : 64;
    }
    if (options->young > YOUNG_DEAD_MAX)
    {
        struct word young = {"young", 5};
        mistake(mistakes, "%.*s is out of range%.*s: %s", young, none, "0 to 1024");
        options->young = YOUNG_DEAD_MAX;
    }
    if (options->arena_size < ARENA_MINIMUM_BYTES || options->arena_size > UINT64_C(1) << 36)
    {
        mistake(mistakes, "%.*s is out of range%.*s: %s", arena, none, "256k to 64g");
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
        mistake(mistakes, "%.*s is out of range%.*s: %s", code, none, "0 to 255");
        options->exitcode = 255;
    }
}

static const char no_value[] = "write name=value, options are separated by ':'";

/* The end of the pair that begins here. A log's place may have a colon of its own. */
static const char *end_of_pair(const char *text, const char *end)
{
    const char *stop = memchr(text, ':', (size_t)(end - text));
    if (stop == NULL)
        return end;
    struct word pair = {text, (size_t)(stop - text)};
    bool place = is(pair, "log=file") || is(pair, "log=fd");
    bool socket = (is(pair, "log=syslog") || is(pair, "log=journald")) && stop + 1 < end && stop[1] == '/';
    if (!place && !socket)
        return stop;
    const char *next = memchr(stop + 1, ':', (size_t)(end - stop - 1));
    return next != NULL ? next : end;
}

static void parse_named_file(struct options *options, struct word name, struct mistakes *mistakes);

/* Pairs in one line. */
static void parse_pairs(struct options *options, const char *text, const char *end, struct mistakes *mistakes)
{
    while (text < end)
    {
        const char *stop = end_of_pair(text, end);
        const char *equals = memchr(text, '=', (size_t)(stop - text));
        struct word name = {text, (size_t)((equals != NULL ? equals : stop) - text)};
        struct word value = {equals != NULL ? equals + 1 : stop, (size_t)(stop - (equals != NULL ? equals + 1 : stop))};
        if (stop > text && text[0] == '@')
            parse_named_file(options, (struct word){text + 1, (size_t)(stop - text - 1)}, mistakes);
        else if (stop > text && equals == NULL)
            mistake(mistakes, "'%.*s' has no value%.*s: %s", name, (struct word){"", 0}, no_value);
        else if (stop > text && name.length == 0)
            mistake(mistakes, "'%.*s=%.*s' has no name: %s", name, value, no_value);
        else if (stop > text)
            set_option(options, name, value, mistakes);
        text = stop + 1;
    }
}

static struct word trimmed(struct word line)
{
    while (line.length > 0 && (line.start[0] == ' ' || line.start[0] == '\t'))
        line = behind(line, 1);
    while (line.length > 0 && strchr(" \t\r", line.start[line.length - 1]) != NULL && line.start[line.length - 1] != '\0')
        line.length--;
    return line;
}

static void parse_lines(struct options *options, const char *text, size_t length, struct mistakes *mistakes)
{
    for (const char *end = text + length; text < end; mistakes->line++)
    {
        const char *stop = memchr(text, '\n', (size_t)(end - text));
        stop = stop != NULL ? stop : end;
        struct word line = trimmed((struct word){text, (size_t)(stop - text)});
        if (line.length > 0 && line.start[0] != '#')
            parse_pairs(options, line.start, line.start + line.length, mistakes);
        text = stop + 1;
    }
}

/* Up to `bytes` of a regular file, never blocking; the reason in `problem` when it cannot be read. */
static ssize_t read_regular_file(const char *path, char *text, size_t bytes, const char **problem)
{
    struct stat status;
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (descriptor < 0)
    {
        *problem = strerrorname_np(errno) != NULL ? strerrordesc_np(errno) : "unknown error";
        return -1;
    }
    ssize_t used = 0, count = 0;
    *problem = NULL;
    if (fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode))
        *problem = "it is no regular file";
    while (*problem == NULL && (size_t)used < bytes && ((count = read(descriptor, text + used, bytes - (size_t)used)) > 0 || (count < 0 && errno == EINTR)))
        used += count > 0 ? count : 0;
    if (*problem == NULL && count < 0)
        *problem = strerrordesc_np(errno);
    close(descriptor);
    return *problem == NULL ? used : -1;
}

static void parse_named_file(struct options *options, struct word name, struct mistakes *mistakes)
{
    static char text[OPTIONS_TEXT_MAX + 1]; /* parsed by one thread at a time, and no file within another */
    const struct mistakes outside = *mistakes;
    char path[OPTION_PATH_BYTES];
    const char *problem;
    struct word none = {"", 0};
    if (mistakes->request || mistakes->line != 0)
    {
        mistake(mistakes, "'@%.*s' is left out%.*s: %s", name, none, mistakes->request ? "a running process reads no files of options" : "a file of options cannot name another one");
        return;
    }
    if (name.length == 0 || name.length >= sizeof path)
    {
        mistake(mistakes, "'@%.*s'%.*s: %s", name, none, "expected a path shorter than 1024 bytes");
        return;
    }
    if (mistakes->files++ >= OPTIONS_FILES_MAX)
    {
        mistake(mistakes, "'@%.*s'%.*s is left out: %s", name, none, "there are more than 8 files of options");
        return;
    }
    snprintf(path, sizeof path, "%.*s", (int)name.length, name.start);
    int error = errno;
    ssize_t used = read_regular_file(path, text, sizeof text, &problem);
    errno = error;
    mistakes->source = path;
    if (used < 0)
        mistake(mistakes, "the file of options cannot be read%.*s%.*s: %s; all other options hold", none, none, problem);
    else if (used > OPTIONS_TEXT_MAX)
        mistake(mistakes, "the file of options is left out%.*s%.*s: %s", none, none, "it is longer than 65536 bytes");
    else
    {
        mistakes->line = 1;
        parse_lines(options, text, (size_t)used, mistakes);
    }
    mistakes->source = outside.source;
    mistakes->line = outside.line;
}

static bool finish_parsing(struct options *options, struct mistakes *mistakes)
{
    mistakes->line = 0;
    check_ranges(options, mistakes);
    if (mistakes->count > 1)
    {
        size_t used = strlen(mistakes->text);
        snprintf(mistakes->text + used, mistakes->bytes - used, " (and %u more mistakes)", mistakes->count - 1);
    }
    return mistakes->count == 0;
}

static bool parse_whole(struct options *options, const char *text, struct mistakes *mistakes)
{
    mistakes->text[0] = '\0';
    size_t length = text != NULL ? strnlen(text, OPTIONS_TEXT_MAX + 1) : 0;
    if (length > OPTIONS_TEXT_MAX)
    {
        snprintf(mistakes->text, mistakes->bytes, "%s is longer than %d bytes: all of it is ignored", mistakes->source, OPTIONS_TEXT_MAX);
        return false;
    }
    if (length > 0)
        parse_pairs(options, text, text + length, mistakes);
    return text == NULL || finish_parsing(options, mistakes);
}

bool options_parse(struct options *options, const char *text, char *error, size_t error_bytes)
{
    struct mistakes mistakes = {.text = error, .bytes = error_bytes, .source = "HOLDFAST_OPTIONS"};
    return parse_whole(options, text, &mistakes);
}

bool options_parse_request(struct options *options, const char *text, char *error, size_t error_bytes)
{
    struct mistakes mistakes = {.text = error, .bytes = error_bytes, .source = "the request", .request = true};
    return parse_whole(options, text, &mistakes);
}

bool options_parse_file(struct options *options, const char *name, const char *text, size_t length, char *error, size_t error_bytes)
{
    struct mistakes mistakes = {.text = error, .bytes = error_bytes, .source = name, .line = 1};
    error[0] = '\0';
    parse_lines(options, text, length, &mistakes);
    return finish_parsing(options, &mistakes);
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
