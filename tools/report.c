/* holdfast report: reads logs and arena files, whatever each of them is, also all that lie in a directory, and shows all together. */
#include "command.h"
#include "inputs.h"
#include "layout.h"
#include "records.h"
#include "render.h"
#include "text.h"
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char report_usage[] =
    "usage: holdfast report [--format text|json|otlp|html] [--suppressions FILE]... FILE|DIRECTORY|PID...\n"
    "       holdfast report --check FILE|PID...\n\n"
    "Shows every violation that the files tell of, the same one of several processes once, then counts by rule and by place;\n"
    "otlp: each violation as an OpenTelemetry log record, a line of OTLP/JSON each; html: a page of its own, with the handles around each violation.\n"
    "A FILE is a text log, a JSON Lines log, a saved stderr, or the arena of a running, ended or killed process; - is the\n"
    "standard input. Of a DIRECTORY all logs and records that lie in it are read. --suppressions leaves out what the file names, also by source lines that only debug information tells.\n"
    "A PID is that of a live process with a record; it is not stopped. --check says whether records are sound.\n"
    "Exit status: 0, 1 when a file is damaged or foreign (the others are shown), 2 for wrong arguments.\n";

bool is_arena(FILE *stream)
{
    char start[sizeof ARENA_MAGIC - 1];
    bool same = fread(start, 1, sizeof start, stream) == sizeof start && memcmp(start, ARENA_MAGIC, sizeof start) == 0;
    rewind(stream);
    return same;
}

/* What the arguments name. Logs are read before records, which then need not tell again what a log told. */
struct input {
    char *name;
    bool is_log, among_others; /* among_others: it lies in a directory that was named */
};

struct inputs {
    struct input *items;
    size_t count;
};

static bool is_record(const char *name)
{
    struct stat status;
    FILE *stream = stat(name, &status) == 0 && S_ISREG(status.st_mode) ? fopen(name, "re") : NULL;
    bool is = stream != NULL && is_arena(stream);
    if (stream != NULL)
        fclose(stream);
    return is;
}

static void add_input(struct inputs *inputs, char *name, bool among_others)
{
    inputs->items = reallocate(inputs->items, (inputs->count + 1) * sizeof *inputs->items);
    inputs->items[inputs->count++] = (struct input){.name = name, .is_log = strcmp(name, "-") == 0 || !is_record(name), .among_others = among_others};
}

/* The files that lie in it, in the order of their names. */
static void add_directory(struct findings *findings, struct inputs *inputs, const char *folder)
{
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, NULL, alphasort);
    if (count < 0)
        findings_add_problem(findings, folder, "cannot be read: %s", strerror(errno));
    for (int index = 0; index < count; index++) {
        struct stat status;
        char *name = compose("%s/%s", folder, entries[index]->d_name);
        if (entries[index]->d_name[0] != '.' && stat(name, &status) == 0 && S_ISREG(status.st_mode))
            add_input(inputs, name, true);
        else
            free(name);
        free(entries[index]);
    }
    free(entries);
}

static void add_argument(struct findings *findings, struct inputs *inputs, char *name)
{
    struct stat status;
    if (stat(name, &status) != 0 || !S_ISDIR(status.st_mode)) {
        add_input(inputs, name, false);
        return;
    }
    add_directory(findings, inputs, name);
    free(name);
}

static void read_one(struct findings *findings, const struct input *input)
{
    if (!input->is_log) {
        read_arena(findings, input->name);
        return;
    }
    if (strcmp(input->name, "-") == 0) {
        read_log(findings, "standard input", stdin, false);
        return;
    }
    FILE *stream = fopen(input->name, "re");
    if (stream == NULL) {
        findings_add_problem(findings, input->name, "cannot be read: %s", strerror(errno));
        return;
    }
    read_log(findings, input->name, stream, input->among_others);
    fclose(stream);
}

static void read_all(struct findings *findings, struct inputs *inputs)
{
    bool in_directory = false;
    for (int logs = 1; logs >= 0; logs--)
        for (size_t index = 0; index < inputs->count; index++)
            if (inputs->items[index].is_log == (logs == 1)) {
                read_one(findings, &inputs->items[index]);
                in_directory = in_directory || inputs->items[index].among_others;
            }
    /* Of a fleet without a mistake nothing is left: that is no failure. */
    if (findings->files == 0 && json_array_size(findings->problems) == 0 && (in_directory || inputs->count == 0))
        complain("report", "there is no log and no record: either there was nothing to tell, or log_path= and record= name another directory");
    for (size_t index = 0; index < inputs->count; index++)
        free(inputs->items[index].name);
    free(inputs->items);
}

static int wrong_usage(void)
{
    fputs("\n", stderr);
    fputs(report_usage, stderr);
    return STATUS_USAGE;
}

struct request {
    bool check;
    void (*render)(FILE *stream, const struct findings *findings);
    struct suppressor *suppressor; /* NULL: none asked for */
    char **files;
    int file_count;
};

static const struct {
    const char *name;
    void (*render)(FILE *stream, const struct findings *findings);
} formats[] = {
    {"text", render_text},
    {"json", render_json},
    {"otlp", render_otlp},
    {"html", render_html},
};
#define FORMAT_COUNT (sizeof formats / sizeof formats[0])

/* "text, json or otlp", to be freed. */
static char *format_names(void)
{
    char *names = duplicate("");
    for (size_t index = 0; index < FORMAT_COUNT; index++) {
        char *longer = compose("%s%s%s", names, index == 0 ? "" : index + 1 < FORMAT_COUNT ? ", " : " or ", formats[index].name);
        free(names);
        names = longer;
    }
    return names;
}

static bool set_format(struct request *request, const char *format)
{
    request->render = NULL;
    for (size_t index = 0; index < FORMAT_COUNT; index++)
        if (strcmp(formats[index].name, format) == 0)
            request->render = formats[index].render;
    if (request->render == NULL) {
        char *names = format_names();
        complain("report", "--format '%s' is wrong: it must be %s", format, names);
        free(names);
    }
    return request->render != NULL;
}

static bool add_suppressions(struct request *request, const char *file)
{
    if (request->suppressor == NULL)
        request->suppressor = suppressor_open();
    return suppressor_read(request->suppressor, file);
}

static bool read_arguments(struct request *request, int count, char **arguments)
{
    int index = 1;
    for (; index < count && arguments[index][0] == '-' && arguments[index][1] != '\0'; index++) {
        bool fine = false;
        if (strcmp(arguments[index], "--") == 0) {
            index++;
            break;
        }
        if (strcmp(arguments[index], "--check") == 0) {
            request->check = true;
            continue;
        }
        size_t bytes = strcspn(arguments[index], "=");
        char *name = duplicate_bytes(arguments[index], bytes);
        bool (*set)(struct request *, const char *) = strcmp(name, "--format") == 0         ? set_format
                                                      : strcmp(name, "--suppressions") == 0 ? add_suppressions
                                                                                            : NULL;
        if (set == NULL)
            complain("report", "there is no option '%s'", arguments[index]);
        else if (arguments[index][bytes] == '=')
            fine = set(request, arguments[index] + bytes + 1);
        else if (index + 1 >= count)
            complain("report", set == set_format ? "%s needs a value: text, json or otlp" : "%s needs a value: a file", name);
        else
            fine = set(request, arguments[++index]);
        free(name);
        if (!fine)
            return false;
    }
    request->files = arguments + index;
    request->file_count = count - index;
    if (request->file_count == 0)
        complain("report", "which file? Give the logs or arena files to read");
    return request->file_count != 0;
}

/* A number is a process, unless there is a file of that name. The name to read, to be freed; NULL: there is none. */
static char *name_of_input(const char *argument)
{
    bool is_number = argument[0] != '\0' && strspn(argument, "0123456789") == strlen(argument);
    return is_number && access(argument, F_OK) != 0 ? record_of_process(argument) : duplicate(argument);
}

static int check_files(const struct request *request)
{
    int status = STATUS_FINE;
    for (int index = 0; index < request->file_count; index++) {
        char *name = name_of_input(request->files[index]);
        if (name == NULL || check_arena(name) != ARENA_SOUND)
            status = STATUS_FAILED;
        free(name);
    }
    return status;
}

int report_command(int count, char **arguments)
{
    struct request request = {.render = render_text};
    struct findings findings;
    if (!read_arguments(&request, count, arguments)) {
        suppressor_close(request.suppressor);
        return wrong_usage();
    }
    if (request.check) {
        suppressor_close(request.suppressor);
        return check_files(&request);
    }
    bool missing = false;
    findings_open(&findings);
    findings.suppressor = request.suppressor;
    if (request.render == render_html)
        records_want(&findings);
    struct inputs inputs = {0};
    for (int index = 0; index < request.file_count; index++) {
        char *name = name_of_input(request.files[index]);
        if (name != NULL)
            add_argument(&findings, &inputs, name);
        missing = missing || name == NULL;
    }
    if (!missing || inputs.count != 0)
        read_all(&findings, &inputs);
    findings_settle_suppressions(&findings);
    bool fine = json_array_size(findings.problems) == 0 && !missing;
    if (request.render != render_text || fine || findings.files != 0)
        request.render(stdout, &findings);
    findings_close(&findings);
    return fine ? STATUS_FINE : STATUS_FAILED;
}
