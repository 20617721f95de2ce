/* holdfast run: make the environment in which libholdfast.so is preloaded, and start the program in it.
 *
 * With nothing but options of the library this process becomes the program: process id, signals and exit status are the program's own. With --error-exitcode, and where something
 * is to be made of the logs and records at the end (--html, --json, --record, --quiet), the program is a child (supervise.c). For --error-exitcode every process of its tree notes
 * its errors in one private file, the verdict; --html and --json have them log into the same private directory where no other files were asked for. */
#include "collect.h"
#include "command.h"
#include "launch.h"
#include "levels.h"
#include "text.h"
#include <ctype.h>
#include <dirent.h>
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
    "  --log-path PREFIX     write reports to PREFIX.PID instead of stderr, a file for each process\n"
    "  --log WHERE           stderr, file:PREFIX, fd:N, syslog or journald\n"
    "  --log-format FORMAT   text (default), json, or otlp (OpenTelemetry)\n"
    "  --record FILE         keep all that Holdfast knows in FILE.PID, readable also after a crash (%p pid, %e program, %h host, %t time)\n"
    "  --html FILE           when the program has ended: one report of all its processes, as a page\n"
    "  --json FILE           the same as JSON\n"
    "  --quiet               nothing on stderr: no reports there, no summary\n"
    "  --no-follow           only PROGRAM itself with its forks and what it becomes, no programs that it starts (--follow is the default)\n"
    "  --error-exitcode N    exit with N (1 to 255) when any process of the program had an error\n"
    "  --suppressions FILE   do not tell of the violations that FILE names; repeatable (man holdfast has the syntax)\n"
    "  --gen-suppressions[=FILE]  write behind each report the entry that suppresses it (or append it to FILE)\n"
    "  --options-file FILE   options from a file: NAME=VALUE, one a line; repeatable\n"
    "  --option NAME=VALUE   any option; each has a flag of its own, too, such as --leaks all, --hold-max 100, --stats; repeatable\n"
    "  --help                this text, and all options\n\n"
    "Options already in HOLDFAST_OPTIONS hold too; those given here override them. With --html and --json reports go there, not to stderr, unless\n"
    "--log-path or --log file:PREFIX says where. With --html, --json or --record a summary of all processes is on stderr at the end.\n"
    "The exit status is the program's own, 126 when it cannot be executed, 127 when it is not found, 2 when these arguments are wrong.\n\n"
    "Examples:  holdfast run -- python3 script.py\n"
    "           holdfast run --html report.html --leaks all -- pytest\n"
    "           holdfast run --record work.hf --quiet -- python3 job.py; holdfast report work.hf.*\n";

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

static char wanted_levels[240] = "a list RULE=LEVEL,...";

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

static const char shape_mode[] = " report|defer|reject";
static const char shape_borrowed[] = " grace|live|dead";
static const char shape_format[] = " text|json|otlp";
static const char shape_leaks[] = " off|data|all";
static const char shape_flag[] = "";
static const char shape_count[] = " N";
static const char shape_seconds[] = " SECONDS";
static const char shape_bytes[] = " BYTES";
static const char shape_destination[] = " WHERE";
static const char shape_signal[] = " SIGNAL";
static const char shape_levels[] = " LEVELS";
static const char shape_path[] = " FILE";
static const char shape_files[] = " FILE";

static const struct option_rule {
    const char *name;
    bool (*fits)(const char *value);
    const char *wanted;
    bool is_path, is_flag;
    const char *shape, *help; /* of its value: the form that tools/completions.py reads */
} option_rules[] = {
#define OPTION(name, type, fallback, help) {#name, fits_##type, wanted_##type, fits_##type == fits_path || fits_##type == fits_files, fits_##type == fits_flag, shape_##type, help},
#include "../shim/options.def"
#undef OPTION
};
#define OPTION_COUNT (sizeof option_rules / sizeof option_rules[0])

static const struct option_rule *find_option(const char *name, size_t bytes)
{
    for (size_t index = 0; index < OPTION_COUNT; index++)
        if (strlen(option_rules[index].name) == bytes && memcmp(option_rules[index].name, name, bytes) == 0)
            return &option_rules[index];
    return NULL;
}

/* ---- flags: what this command itself has, and one for each option --------------------------------------------------------- */

enum value { VALUE_NEEDED, VALUE_POSSIBLE, VALUE_NONE };

static const struct flag {
    const char *name;
    enum value value;
} own_flags[] = {
    {"--options-file", VALUE_NEEDED}, {"--error-exitcode", VALUE_NEEDED}, {"--suppressions", VALUE_NEEDED}, {"--gen-suppressions", VALUE_POSSIBLE}, {"--option", VALUE_NEEDED},
    {"--record", VALUE_NEEDED},       {"--html", VALUE_NEEDED},           {"--json", VALUE_NEEDED},         {"--quiet", VALUE_NONE},                {"--follow", VALUE_NONE},
    {"--no-follow", VALUE_NONE},
};

static const struct flag *find_own_flag(const char *name)
{
    for (size_t index = 0; index < sizeof own_flags / sizeof own_flags[0]; index++)
        if (strcmp(own_flags[index].name, name) == 0)
            return &own_flags[index];
    return NULL;
}

/* As people write it: hold_max is --hold-max. */
static char *flag_of_option(const struct option_rule *rule)
{
    char *flag = compose("--%s", rule->name);
    for (char *letter = flag; *letter != '\0'; letter++)
        if (*letter == '_')
            *letter = '-';
    return flag;
}

/* The option of --hold-max, --hold_max; `*negated`: of --no-crash. `help` is what this command means by it. */
static const struct option_rule *option_of_flag(const char *flag, bool *negated)
{
    *negated = false;
    for (size_t index = 0; index < OPTION_COUNT; index++) {
        const struct option_rule *rule = &option_rules[index];
        char *own = flag_of_option(rule), *no = compose("--no-%s", own + 2), *plain = compose("--%s", rule->name);
        bool is = strcmp(flag, own) == 0 || strcmp(flag, plain) == 0;
        *negated = !is && rule->is_flag && strcmp(flag, no) == 0;
        free(own);
        free(no);
        free(plain);
        if ((is || *negated) && strcmp(rule->name, "help") != 0)
            return rule;
    }
    return NULL;
}

/* The nearest name, to be freed; NULL: none is near. */
struct nearest {
    char *name;
    unsigned distance;
};

static void consider(struct nearest *nearest, const char *wrong, char *name)
{
    unsigned distance = edit_distance(wrong, name), bound = strlen(wrong) < 8 ? 2 : 3;
    if (distance <= bound && (nearest->name == NULL || distance < nearest->distance)) {
        free(nearest->name);
        *nearest = (struct nearest){name, distance};
        return;
    }
    free(name);
}

static char *nearest_flag(const char *wrong)
{
    struct nearest nearest = {0};
    for (size_t index = 0; index < sizeof own_flags / sizeof own_flags[0]; index++)
        consider(&nearest, wrong, duplicate(own_flags[index].name));
    for (size_t index = 0; index < OPTION_COUNT; index++)
        consider(&nearest, wrong, flag_of_option(&option_rules[index]));
    return nearest.name;
}

static char *nearest_option(const char *wrong)
{
    struct nearest nearest = {0};
    for (size_t index = 0; index < OPTION_COUNT; index++)
        consider(&nearest, wrong, duplicate(option_rules[index].name));
    return nearest.name;
}

/* Behind the flag, as the other usage texts have it. */
static void print_help(FILE *stream, const char *help)
{
    const unsigned indent = 24, width = 120;
    unsigned column = indent;
    for (size_t bytes; *help != '\0'; help += bytes, help += strspn(help, " ")) {
        bytes = strcspn(help, " ");
        if (column > indent && column + 1 + bytes > width) {
            fprintf(stream, "\n%*s", (int)indent, "");
            column = indent;
        } else if (column > indent) {
            fputc(' ', stream);
            column++;
        }
        fprintf(stream, "%.*s", (int)bytes, help);
        column += (unsigned)bytes;
    }
    fputc('\n', stream);
}

void run_print_options(FILE *stream)
{
    fputs("\nAll options as flags; one without a value is 1, and 0 with no- before its name:\n\n", stream);
    for (size_t index = 0; index < OPTION_COUNT; index++) {
        const struct option_rule *rule = &option_rules[index];
        bool is_above = strcmp(rule->name, "help") == 0 || strcmp(rule->name, "suppressions") == 0 || strncmp(rule->name, "gen_suppressions", 16) == 0 || strcmp(rule->name, "record") == 0;
        if (is_above)
            continue;
        char *flag = flag_of_option(rule), *shown = compose("%s%s", flag, rule->shape);
        fprintf(stream, "  %-20s  ", shown);
        print_help(stream, rule->help);
        free(flag);
        free(shown);
    }
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
    /* Of worker_env they are names of variables. */
    bool is_stream = strcmp(name, "worker_env") == 0 || (strcmp(name, "log_path") == 0 && strcmp(value, "stderr") == 0);
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
        char *wrong = duplicate_bytes(name, name_bytes), *near = nearest_option(wrong);
        complain("run", "there is no option '%s'%s%s%s; man holdfast lists them, and so does holdfast run --help", wrong, near != NULL ? "; did you mean '" : "",
                 near != NULL ? near : "", near != NULL ? "'" : "");
        free(near);
        free(wrong);
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

/* ---- a directory of our own, so that a process that outlives the program cannot leave a file behind ---------------------------- */

static char *private_directory;
static char *verdict_path;

static void remove_private(void)
{
    DIR *directory = private_directory != NULL ? opendir(private_directory) : NULL;
    if (directory != NULL) {
        for (struct dirent *entry; (entry = readdir(directory)) != NULL;)
            if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
                unlinkat(dirfd(directory), entry->d_name, 0);
        closedir(directory);
    }
    if (private_directory != NULL)
        rmdir(private_directory);
}

/* `needed_by`: the flag. */
static bool make_private_directory(const char *needed_by)
{
    const char *temporary = getenv("TMPDIR");
    if (private_directory != NULL)
        return true;
    if (temporary == NULL || temporary[0] != '/' || strchr(temporary, ':') != NULL || strlen(temporary) > 512)
        temporary = "/tmp";
    private_directory = compose("%s/holdfast-XXXXXX", temporary);
    if (mkdtemp(private_directory) == NULL) {
        complain("run", "%s needs a temporary directory, and '%s' cannot be made: %s; set TMPDIR to one that can be written", needed_by, private_directory, strerror(errno));
        free(private_directory);
        private_directory = NULL;
        return false;
    }
    return true;
}

static bool make_verdict(void)
{
    if (!make_private_directory("--error-exitcode"))
        return false;
    verdict_path = compose("%s/verdict", private_directory);
    int descriptor = open(verdict_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (descriptor < 0) {
        complain("run", "cannot make '%s': %s", verdict_path, strerror(errno));
        return false;
    }
    close(descriptor);
    return true;
}

/* ---- the command line ------------------------------------------------------------------------------------------------ */

struct request {
    char *options;       /* for HOLDFAST_OPTIONS */
    int error_status;    /* 0: not asked for */
    char *record;        /* of --record, NULL: not asked for */
    char *json, *html;   /* absolute paths, NULL: not asked for */
    bool quiet, no_follow;
    char **program;      /* name and arguments */
};

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

/* Tried now, so that nobody learns after hours that it cannot be written. */
static bool set_document(char **document, const char *flag, const char *value)
{
    char *path = absolute(flag, value);
    int descriptor = value[0] != '\0' ? open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666) : -1;
    if (descriptor < 0) {
        complain("run", "%s '%s' cannot be written: %s", flag, value, value[0] != '\0' ? strerror(errno) : "the path is empty");
        free(path);
        return false;
    }
    close(descriptor);
    free(*document);
    *document = path;
    return true;
}

static bool set_record(struct request *request, const char *value)
{
    if (!add_option(&request->options, "--record", "record", 6, value))
        return false;
    free(request->record);
    request->record = absolute("record", value);
    return true;
}

static bool apply_own(struct request *request, const char *name, const char *value)
{
    if (strcmp(name, "--options-file") == 0)
        return add_options_file(&request->options, value);
    if (strcmp(name, "--error-exitcode") == 0)
        return set_error_status(request, value);
    if (strcmp(name, "--suppressions") == 0)
        return add_suppressions(request, value);
    if (strcmp(name, "--gen-suppressions") == 0)
        return value == NULL ? add_option(&request->options, name, "gen_suppressions", 16, "1")
                             : add_option(&request->options, name, "gen_suppressions_path", 21, value);
    if (strcmp(name, "--record") == 0)
        return set_record(request, value);
    if (strcmp(name, "--html") == 0)
        return set_document(&request->html, name, value);
    if (strcmp(name, "--json") == 0)
        return set_document(&request->json, name, value);
    if (strcmp(name, "--quiet") == 0)
        return request->quiet = true;
    if (strcmp(name, "--follow") == 0 || strcmp(name, "--no-follow") == 0) {
        request->no_follow = name[2] == 'n';
        return true;
    }
    return set_named_option(request, value);
}

/* One flag; `next` is the argument behind it, NULL at the end. Sets `*took_next` where that was its value. */
static bool apply(struct request *request, const char *argument, const char *next, bool *took_next)
{
    size_t bytes = strcspn(argument, "=");
    char *name = duplicate_bytes(argument, bytes);
    const char *value = argument[bytes] == '=' ? argument + bytes + 1 : NULL;
    const struct flag *own = find_own_flag(name);
    bool negated = false, fine = false;
    const struct option_rule *rule = own == NULL ? option_of_flag(name, &negated) : NULL;
    enum value wants = own != NULL ? own->value : negated ? VALUE_NONE : rule != NULL && rule->is_flag ? VALUE_POSSIBLE : VALUE_NEEDED;
    if (own == NULL && rule == NULL) {
        char *near = nearest_flag(name);
        complain("run", "there is no option '%s'%s%s; if it belongs to the program, put it after the program's name", name, near != NULL ? ", did you mean " : "", near != NULL ? near : "");
        free(near);
    } else if (value != NULL && wants == VALUE_NONE) {
        complain("run", "%s takes no value, and '%s' was given", name, value);
    } else if (value == NULL && wants == VALUE_NEEDED && next == NULL) {
        complain("run", "%s needs a value%s%s", name, rule != NULL ? ": " : "", rule != NULL ? rule->wanted : "");
    } else {
        *took_next = value == NULL && wants == VALUE_NEEDED;
        value = *took_next ? next : value;
        fine = own != NULL ? apply_own(request, name, value)
                           : add_option(&request->options, name, rule->name, strlen(rule->name), value != NULL ? value : negated ? "0" : "1");
    }
    free(name);
    return fine;
}

/* Reads `arguments` up to the program. */
static int read_flags(struct request *request, int count, char **arguments)
{
    int index = 1;
    for (; index < count && arguments[index][0] == '-'; index++) {
        if (strcmp(arguments[index], "--") == 0) {
            index++;
            break;
        }
        if (strcmp(arguments[index], "--help") == 0 || strcmp(arguments[index], "-h") == 0)
            return STATUS_HELP;
        bool took_next = false;
        if (!apply(request, arguments[index], index + 1 < count ? arguments[index + 1] : NULL, &took_next))
            return STATUS_WRONG_USAGE;
        index += took_next;
    }
    if (index >= count) {
        complain("run", "which program? It is missing after the options");
        return STATUS_WRONG_USAGE;
    }
    request->program = arguments + index;
    return STATUS_FINE;
}

/* ---- where the logs will be ------------------------------------------------------------------------------------------------ */

/* The place that all options together name: "stderr", "file", "fd", "syslog" or "journald"; for a file the prefix. The last one holds. Both are to be freed. */
struct log_place {
    char *place, *prefix;
};

static void set_place(struct log_place *log, const char *place, size_t bytes, const char *prefix, size_t prefix_bytes)
{
    free(log->place);
    free(log->prefix);
    log->place = duplicate_bytes(place, bytes);
    log->prefix = duplicate_bytes(prefix, prefix_bytes);
}

static struct log_place find_log_place(const char *options)
{
    struct log_place log = {duplicate("stderr"), duplicate("")};
    for (const char *at = options; *at != '\0'; at += *at == ':') {
        size_t bytes = strcspn(at, ":");
        if (begins(at, "log=file:")) {
            const char *prefix = at + 9;
            bytes = 9 + strcspn(prefix, ":");
            set_place(&log, "file", 4, prefix, bytes - 9);
        } else if (begins(at, "log=")) {
            set_place(&log, at + 4, bytes - 4, "", 0);
        } else if (begins(at, "log_path=stderr") && bytes == 15) {
            set_place(&log, "stderr", 6, "", 0);
        } else if (begins(at, "log_path=")) {
            set_place(&log, "file", 4, at + 9, bytes - 9);
        }
        at += bytes;
    }
    return log;
}

/* Where the files of this run will be. What goes to stderr goes to files of our own instead, where a document is to be made of it or nothing is to be seen there. */
static bool plan_collection(const struct request *request, char **options, struct collection *collection)
{
    const char *given = getenv("HOLDFAST_OPTIONS");
    char *all = compose("%s:%s", given != NULL ? given : "", *options);
    struct log_place log = find_log_place(all);
    bool wants_logs = request->json != NULL || request->html != NULL, fine = true;
    if (strcmp(log.place, "stderr") == 0 && (wants_logs || request->quiet)) {
        fine = make_private_directory(request->html != NULL ? "--html" : request->json != NULL ? "--json" : "--quiet");
        free(log.prefix);
        log.prefix = compose("%s/log", fine ? private_directory : "");
        char *destination = compose("file:%s", log.prefix);
        append_option(options, "log", destination);
        append_option(options, "log_format", "json");
        free(destination);
    } else if (wants_logs && strcmp(log.place, "file") != 0 && strcmp(log.place, "stderr") != 0 && request->record == NULL) {
        complain("run", "%s needs the reports in files, and they go to %s: use --log-path, or --record", request->html != NULL ? "--html" : "--json", log.place);
        fine = false;
    }
    *collection = (struct collection){
        .logs = log.prefix[0] != '\0' ? collect_logs_pattern(log.prefix) : NULL,
        .records = request->record != NULL ? collect_records_pattern(request->record) : NULL,
        .json = request->json,
        .html = request->html,
        .quiet = request->quiet,
    };
    collect_begin(collection);
    free(log.place);
    free(log.prefix);
    free(all);
    return fine;
}

static void collect(void *collection)
{
    collect_finish(collection);
}

/* In the process that becomes the program: its number is known only there. */
static void watch_this_process_only(void)
{
    const char *options = getenv("HOLDFAST_OPTIONS");
    char *all = compose("%s%sonly_process=%d", options != NULL ? options : "", options != NULL && options[0] != '\0' ? ":" : "", (int)getpid());
    setenv("HOLDFAST_OPTIONS", all, 1);
    free(all);
}

static int start_supervised(const struct request *request, const char *library, const char *path)
{
    int status = STATUS_USAGE;
    char *options = duplicate(request->options);
    struct collection collection = {0};
    struct supervision supervision = {.error_status = request->error_status, .clean_up = remove_private, .in_child = request->no_follow ? watch_this_process_only : NULL};
    bool collects = request->json != NULL || request->html != NULL || request->record != NULL || request->quiet;
    if (collects && plan_collection(request, &options, &collection)) {
        supervision.after_end = collect;
        supervision.context = &collection;
        supervision.keeps_stderr = true;
    } else if (collects) {
        goto done;
    }
    if (request->error_status != 0) {
        if (!make_verdict()) {
            status = STATUS_NOT_EXECUTABLE;
            goto done;
        }
        append_option(&options, "verdict_path", verdict_path);
        supervision.verdict_path = verdict_path;
    }
    if (set_environment(library, options)) {
        status = supervise_program(path, request->program, &supervision);
        goto end;
    }
done:
    remove_private();
end:
    free(collection.logs);
    free(collection.records);
    free(options);
    return status;
}

static int start(const struct request *request, const char *library, const char *path)
{
    warn_if_not_preloadable(path);
    if (request->error_status != 0 || request->json != NULL || request->html != NULL || request->record != NULL || request->quiet)
        return start_supervised(request, library, path);
    if (!set_environment(library, request->options))
        return STATUS_USAGE;
    if (request->no_follow)
        watch_this_process_only();
    return become_program(path, request->program);
}

static void let_go(struct request *request)
{
    free(request->options);
    free(request->record);
    free(request->json);
    free(request->html);
}

int run_command(int count, char **arguments)
{
    struct request request = {.options = duplicate("")};
    int status = read_flags(&request, count, arguments);
    if (status != STATUS_FINE) {
        let_go(&request);
        return status;
    }
    status = STATUS_NOT_EXECUTABLE;
    char *path = find_program(request.program[0], &status);
    char *library = path != NULL ? find_library() : NULL;
    if (library != NULL)
        status = start(&request, library, path);
    free(library);
    free(path);
    let_go(&request);
    return status;
}
