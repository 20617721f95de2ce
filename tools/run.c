/* holdfast run: make the environment in which libholdfast.so is preloaded, and start the program in it.
 *
 * Without --error-exitcode this process becomes the program: process id, signals and exit status are the program's own. With it, the
 * program is a child (supervise.c), and every process of its tree notes its errors in one private file, the verdict. */
#include "command.h"
#include "launch.h"
#include "levels.h"
#include "text.h"
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char run_usage[] =
    "usage: holdfast run [OPTIONS] [--] PROGRAM [ARGUMENTS...]\n\n"
    "Runs PROGRAM, unchanged, under Holdfast.\n\n"
    "  --mode MODE           report (log only), defer (default: keep the program alive), reject (refuse wrong frees)\n"
    "  --log-path PREFIX     write reports to PREFIX.PID instead of stderr\n"
    "  --log WHERE           stderr, file:PREFIX, fd:N, syslog or journald\n"
    "  --log-format FORMAT   text (default), json, or otlp (OpenTelemetry)\n"
    "  --error-exitcode N    exit with N (1 to 255) when any process of the program had an error\n"
    "  --suppressions FILE   do not tell of the violations that FILE names; repeatable (man holdfast has the syntax)\n"
    "  --gen-suppressions[=FILE]  write behind each report the entry that suppresses it (or append it to FILE)\n"
    "  --options-file FILE   options from a file: NAME=VALUE, one a line; repeatable\n"
    "  --option NAME=VALUE   any other option, such as leaks=all; repeatable (man holdfast lists them)\n"
    "  --help                this text\n\n"
    "Options already in HOLDFAST_OPTIONS hold too; those given here override them. The exit status is the program's own,\n"
    "126 when it cannot be executed, 127 when it is not found, 2 when these arguments are wrong.\n";

/* options_parse() of the shim never reads further. */
#define OPTIONS_READ_BYTES 65536u

/* ---- what an option may hold: one test a type of options.def ------------------------------------------------------ */

static bool is_one_of(const char *value, const char *words)
{
    size_t bytes = strlen(value);
    for (const char *word = words; *word != '\0'; word += strcspn(word, " "), word += strspn(word, " "))
        if (strcspn(word, " ") == bytes && strncmp(word, value, bytes) == 0)
            return true;
    return false;
}

static bool is_number(const char *value, const char *suffixes)
{
    size_t digits = strspn(value, "0123456789");
    if (digits == 0 || digits > 19)
        return false;
    const char *rest = value + digits;
    return rest[0] == '\0' || (strchr(suffixes, tolower((unsigned char)rest[0])) != NULL && rest[1] == '\0');
}

static bool fits_mode(const char *value) { return is_one_of(value, "report defer reject"); }
static bool fits_borrowed(const char *value) { return is_one_of(value, "grace live dead"); }
static bool fits_format(const char *value) { return is_one_of(value, "text json otlp"); }
static bool fits_leaks(const char *value) { return is_one_of(value, "off data all 0 1"); }
static bool fits_flag(const char *value) { return is_one_of(value, "0 1"); }
static bool fits_count(const char *value) { return is_number(value, ""); }
static bool fits_seconds(const char *value) { return is_number(value, ""); }
static bool fits_bytes(const char *value) { return is_number(value, "kmg"); }
static bool fits_path(const char *value) { return value[0] != '\0'; }

static bool fits_files(const char *value) { return value[0] != '\0'; }

static bool begins(const char *value, const char *start) { return strncmp(value, start, strlen(start)) == 0; }

static bool fits_destination(const char *value)
{
    return is_one_of(value, "stderr syslog journald") || (begins(value, "file:") && value[5] != '\0') || (begins(value, "fd:") && is_number(value + 3, "")) ||
           begins(value, "syslog:/") || begins(value, "journald:/");
}

static bool fits_signal(const char *value)
{
    const char *name = begins(value, "SIG") ? value + 3 : value;
    return is_one_of(value, "none 0") || is_one_of(name, "HUP USR1 USR2") || ((begins(name, "RTMIN+") || begins(name, "RTMAX-")) && is_number(name + 6, ""));
}

static char wanted_levels[240];

static bool fits_levels(const char *value)
{
    struct rule_levels scratch;
    char error[200];
    rule_levels_default(&scratch);
    if (rule_levels_apply(&scratch, value, strlen(value), error, sizeof error) == 0)
        return true;
    snprintf(wanted_levels, sizeof wanted_levels, "a list RULE=LEVEL,... (%s)", error);
    return false;
}

static const char wanted_mode[] = "report, defer or reject";
static const char wanted_borrowed[] = "grace, live or dead";
static const char wanted_format[] = "text, json or otlp";
static const char wanted_leaks[] = "off, data or all";
static const char wanted_flag[] = "0 or 1";
static const char wanted_count[] = "a number";
static const char wanted_seconds[] = "a number of seconds";
static const char wanted_bytes[] = "a number of bytes (suffix k, m, g)";
static const char wanted_destination[] = "stderr, file:PREFIX, fd:N, syslog or journald";
static const char wanted_signal[] = "none, HUP, USR1, USR2, RTMIN+N or RTMAX-N";
static const char wanted_path[] = "a path";
static const char wanted_files[] = "a path";

static const struct option_rule {
    const char *name;
    bool (*fits)(const char *value);
    const char *wanted;
    bool is_path;
} option_rules[] = {
#define OPTION(name, type, fallback, help) {#name, fits_##type, wanted_##type, fits_##type == fits_path || fits_##type == fits_files},
#include "../shim/options.def"
#undef OPTION
};

static const struct option_rule *find_option(const char *name, size_t bytes)
{
    for (size_t index = 0; index < sizeof option_rules / sizeof option_rules[0]; index++)
        if (strlen(option_rules[index].name) == bytes && memcmp(option_rules[index].name, name, bytes) == 0)
            return &option_rules[index];
    return NULL;
}

/* ---- the environment ------------------------------------------------------------------------------------------------ */

static void append_option(char **options, const char *name, const char *value)
{
    char *longer = compose("%s%s%s=%s", *options, **options != '\0' ? ":" : "", name, value);
    free(*options);
    *options = longer;
}

/* The program may change its directory: a relative path means the one of now. */
static char *absolute(const char *name, const char *value)
{
    char directory[PATH_MAX];
    bool is_stream = strcmp(name, "log_path") == 0 && strcmp(value, "stderr") == 0;
    if (value[0] == '/' || is_stream || getcwd(directory, sizeof directory) == NULL || strchr(directory, ':') != NULL)
        return duplicate(value);
    return compose("%s/%s", directory, value);
}

/* The place of a log may have one colon of its own, before a path. */
static char *absolute_destination(const char *value)
{
    if (!begins(value, "file:"))
        return duplicate(value);
    char *path = absolute("log", value + 5);
    char *whole = compose("file:%s", path);
    free(path);
    return whole;
}

/* Check one option of the command line and add it. `shown` is how the user wrote it. */
static bool add_option(char **options, const char *shown, const char *name, size_t name_bytes, const char *value)
{
    const struct option_rule *rule = find_option(name, name_bytes);
    if (rule == NULL) {
        complain("run", "there is no option '%.*s'; man holdfast lists them, and so does HOLDFAST_OPTIONS=help=1", (int)name_bytes, name);
        return false;
    }
    const char *colon = strchr(value, ':');
    bool has_place = rule->fits == fits_destination;
    if (colon != NULL && has_place)
        colon = strchr(colon + 1, ':');
    if (colon != NULL) {
        complain("run", "%s '%s': HOLDFAST_OPTIONS separates options by ':', a value cannot hold one; choose another %s", shown, value,
                 rule->is_path ? "path" : "value");
        return false;
    }
    if (!rule->fits(value)) {
        complain("run", "%s '%s' is wrong: it must be %s", shown, value, rule->wanted);
        return false;
    }
    char *final = has_place ? absolute_destination(value) : rule->is_path ? absolute(rule->name, value) : duplicate(value);
    append_option(options, rule->name, final);
    free(final);
    return true;
}

static bool is_same_file(const char *left, const char *right)
{
    struct stat one, other;
    return stat(left, &one) == 0 && stat(right, &other) == 0 && one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

/* Ours first, then what was there, without any copy of ours: two would wrap each other. */
static char *preload_value(const char *library, const char *existing)
{
    char *value = duplicate(library);
    for (const char *entry = existing; *entry != '\0';) {
        size_t bytes = strcspn(entry, " :");
        char *path = duplicate_bytes(entry, bytes);
        if (bytes != 0 && strcmp(base_name(path), base_name(library)) != 0 && !is_same_file(path, library)) {
            char *longer = compose("%s:%s", value, path);
            free(value);
            value = longer;
        }
        free(path);
        entry += bytes;
        entry += strspn(entry, " :");
    }
    return value;
}

static bool set_environment(const char *library, const char *options)
{
    const char *preloaded = getenv("LD_PRELOAD");
    const char *given = getenv("HOLDFAST_OPTIONS");
    if (given == NULL)
        given = "";
    char *preload = preload_value(library, preloaded != NULL ? preloaded : "");
    char *all = compose("%s%s%s", given, given[0] != '\0' && options[0] != '\0' ? ":" : "", options);
    bool fits = strlen(all) < OPTIONS_READ_BYTES;
    if (!fits)
        complain("run", "HOLDFAST_OPTIONS would be %zu bytes long, only %u are read: shorten it", strlen(all), OPTIONS_READ_BYTES);
    else {
        setenv("LD_PRELOAD", preload, 1);
        if (all[0] != '\0')
            setenv("HOLDFAST_OPTIONS", all, 1);
    }
    free(preload);
    free(all);
    return fits;
}

/* ---- the verdict: a directory of our own, so that a process that outlives the program cannot leave a file behind ---------- */

static char *verdict_directory;
static char *verdict_path;

static void remove_verdict(void)
{
    if (verdict_path != NULL)
        unlink(verdict_path);
    if (verdict_directory != NULL)
        rmdir(verdict_directory);
}

static bool make_verdict(void)
{
    const char *temporary = getenv("TMPDIR");
    if (temporary == NULL || temporary[0] != '/' || strchr(temporary, ':') != NULL || strlen(temporary) > 512)
        temporary = "/tmp";
    verdict_directory = compose("%s/holdfast-XXXXXX", temporary);
    if (mkdtemp(verdict_directory) == NULL) {
        complain("run", "--error-exitcode needs a temporary directory, and '%s' cannot be made: %s; set TMPDIR to one that can be written",
                 verdict_directory, strerror(errno));
        free(verdict_directory);
        verdict_directory = NULL;
        return false;
    }
    verdict_path = compose("%s/verdict", verdict_directory);
    int descriptor = open(verdict_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (descriptor < 0) {
        complain("run", "cannot make '%s': %s", verdict_path, strerror(errno));
        remove_verdict();
        return false;
    }
    close(descriptor);
    return true;
}

/* ---- the command line ------------------------------------------------------------------------------------------------ */

struct request {
    char *options;       /* for HOLDFAST_OPTIONS */
    int error_status;    /* 0: not asked for */
    char **program;      /* name and arguments */
};

static int wrong_usage(void)
{
    fputs("\n", stderr);
    fputs(run_usage, stderr);
    return STATUS_USAGE;
}

static bool set_error_status(struct request *request, const char *value)
{
    if (!is_number(value, "") || strlen(value) > 3 || atoi(value) < 1 || atoi(value) > 255) {
        complain("run", "--error-exitcode '%s' is wrong: it must be a number from 1 to 255", value);
        return false;
    }
    request->error_status = atoi(value);
    return true;
}

static bool set_named_option(struct request *request, const char *setting)
{
    const char *equals = strchr(setting, '=');
    if (equals == NULL || equals == setting) {
        complain("run", "--option '%s' is wrong: it must be NAME=VALUE", setting);
        return false;
    }
    char *shown = compose("--option %.*s", (int)(equals - setting), setting);
    bool fine = add_option(&request->options, shown, setting, (size_t)(equals - setting), equals + 1);
    free(shown);
    return fine;
}

/* A missing file is worth stopping for: every report that was to be hidden would come. */
static bool add_suppressions(struct request *request, const char *path)
{
    if (access(path, R_OK) != 0) {
        complain("run", "--suppressions '%s' cannot be read: %s; check the path", path, strerror(errno));
        return false;
    }
    return add_option(&request->options, "--suppressions", "suppressions", 12, path);
}

/* `value` is NULL where there is none, which only some options allow. */
static bool may_lack_value(const char *name)
{
    return strcmp(name, "--gen-suppressions") == 0;
}

/* Read by the process itself, and by each that it starts: the file must stay. */
static bool add_options_file(char **options, const char *value)
{
    if (strchr(value, ':') != NULL || access(value, R_OK) != 0) {
        complain("run", "--options-file '%s': %s", value, strchr(value, ':') != NULL ? "HOLDFAST_OPTIONS separates options by ':', a path cannot hold one; choose another path" : strerror(errno));
        return false;
    }
    char *path = absolute("options_file", value);
    char *longer = compose("%s%s@%s", *options, **options != '\0' ? ":" : "", path);
    free(path);
    free(*options);
    *options = longer;
    return true;
}

static bool apply(struct request *request, const char *name, const char *value)
{
    if (strcmp(name, "--mode") == 0)
        return add_option(&request->options, name, "mode", 4, value);
    if (strcmp(name, "--log-path") == 0)
        return add_option(&request->options, name, "log_path", 8, value);
    if (strcmp(name, "--log") == 0)
        return add_option(&request->options, name, "log", 3, value);
    if (strcmp(name, "--options-file") == 0)
        return add_options_file(&request->options, value);
    if (strcmp(name, "--log-format") == 0)
        return add_option(&request->options, name, "log_format", 10, value);
    if (strcmp(name, "--error-exitcode") == 0)
        return set_error_status(request, value);
    if (strcmp(name, "--suppressions") == 0)
        return add_suppressions(request, value);
    if (strcmp(name, "--gen-suppressions") == 0)
        return value == NULL ? add_option(&request->options, name, "gen_suppressions", 16, "1")
                             : add_option(&request->options, name, "gen_suppressions_path", 21, value);
    return set_named_option(request, value);
}

static bool is_known(const char *name)
{
    return is_one_of(name, "--mode --log --log-path --options-file --log-format --error-exitcode --suppressions --gen-suppressions --option");
}

/* Reads `arguments` up to the program. Returns false after a complaint. */
static bool read_arguments(struct request *request, int count, char **arguments)
{
    int index = 1;
    for (; index < count && arguments[index][0] == '-'; index++) {
        if (strcmp(arguments[index], "--") == 0) {
            index++;
            break;
        }
        size_t bytes = strcspn(arguments[index], "=");
        char *name = duplicate_bytes(arguments[index], bytes);
        bool joined = arguments[index][bytes] == '=';
        bool fine = false;
        if (!is_known(name))
            complain("run", "there is no option '%s'; if it belongs to the program, put it after the program's name", name);
        else if (joined)
            fine = apply(request, name, arguments[index] + bytes + 1);
        else if (may_lack_value(name))
            fine = apply(request, name, NULL);
        else if (index + 1 >= count)
            complain("run", "%s needs a value", name);
        else
            fine = apply(request, name, arguments[++index]);
        free(name);
        if (!fine)
            return false;
    }
    if (index >= count) {
        complain("run", "which program? It is missing after the options");
        return false;
    }
    request->program = arguments + index;
    return true;
}

static int start_supervised(const struct request *request, const char *library, const char *path)
{
    int status = STATUS_USAGE;
    if (!make_verdict())
        return STATUS_NOT_EXECUTABLE;
    char *options = duplicate(request->options);
    append_option(&options, "verdict_path", verdict_path);
    if (set_environment(library, options))
        status = supervise_program(path, request->program, verdict_path, request->error_status, remove_verdict);
    else
        remove_verdict();
    free(options);
    return status;
}

static int start(const struct request *request, const char *library, const char *path)
{
    warn_if_not_preloadable(path);
    if (request->error_status != 0)
        return start_supervised(request, library, path);
    return set_environment(library, request->options) ? become_program(path, request->program) : STATUS_USAGE;
}

int run_command(int count, char **arguments)
{
    struct request request = {.options = duplicate("")};
    if (!read_arguments(&request, count, arguments)) {
        free(request.options);
        return wrong_usage();
    }
    int status = STATUS_NOT_EXECUTABLE;
    char *path = find_program(request.program[0], &status);
    char *library = path != NULL ? find_library() : NULL;
    if (library != NULL)
        status = start(&request, library, path);
    free(library);
    free(path);
    free(request.options);
    return status;
}
