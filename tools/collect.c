/* holdfast run --html, --json, --record: when the program has ended, all logs and records of its processes are read by what `holdfast report` is, and become one document and
 * one summary.
 *
 * The summary is made of the JSON report, so that it says what that says, whoever wrote the logs. It comes after the program: nothing of it is the program's output, and where it
 * fails the run has the status that it has. */
#include "collect.h"
#include "command.h"
#include "inputs.h"
#include "layout.h"
#include "text.h"
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PLACES_SHOWN 10u
#define RECORDS_SHOWN 5u

/* ---- which files -------------------------------------------------------------------------------------------------------- */

/* `text` with % and a letter as a star, %% as one %, and what glob() would take for more than it is, quoted. */
static char *pattern_of(const char *text, const char *letters)
{
    char *pattern = allocate(2 * strlen(text) + 1), *to = pattern;
    for (; *text != '\0'; text++)
        if (*text == '%' && text[1] == '%' && strchr(letters, '%') != NULL) {
            *to++ = '%';
            text++;
        } else if (*text == '%' && text[1] != '\0' && strchr(letters, text[1]) != NULL) {
            *to++ = '*';
            text++;
        } else {
            if (strchr("*?[]\\", *text) != NULL)
                *to++ = '\\';
            *to++ = *text;
        }
    *to = '\0';
    return pattern;
}

char *collect_logs_pattern(const char *prefix)
{
    char *start = pattern_of(prefix, "h"), *pattern = compose("%s.[0-9]*", start);
    free(start);
    return pattern;
}

static bool names_process(const char *record)
{
    for (; *record != '\0'; record++)
        if (record[0] == '%' && *++record == 'p')
            return true;
        else if (*record == '\0')
            return false;
    return false;
}

char *collect_records_pattern(const char *record)
{
    char *start = pattern_of(record, "phte%"), *pattern = compose(names_process(record) ? "%s*" : "%s.[0-9]*", start);
    free(start);
    return pattern;
}

/* Files are stamped by the coarse clock. */
void collect_begin(struct collection *collection)
{
    clock_gettime(CLOCK_REALTIME_COARSE, &collection->since);
}

static bool is_of_this_run(const struct collection *collection, const char *path)
{
    struct stat status;
    const struct timespec *since = &collection->since;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode) &&
           (status.st_ctim.tv_sec > since->tv_sec || (status.st_ctim.tv_sec == since->tv_sec && status.st_ctim.tv_nsec >= since->tv_nsec));
}

struct files {
    char **names; /* NULL at the end */
    size_t count, logs;
};

static void add_files(struct files *files, const struct collection *collection, const char *pattern, bool records)
{
    glob_t found = {0};
    if (pattern == NULL || glob(pattern, 0, NULL, &found) != 0)
        return;
    for (size_t index = 0; index < found.gl_pathc; index++) {
        if (!is_of_this_run(collection, found.gl_pathv[index]))
            continue;
        FILE *stream = fopen(found.gl_pathv[index], "re");
        bool wanted = stream != NULL && is_arena(stream) == records;
        if (stream != NULL)
            fclose(stream);
        if (!wanted)
            continue;
        files->names = reallocate(files->names, (files->count + 2) * sizeof *files->names);
        files->names[files->count++] = duplicate(found.gl_pathv[index]);
        files->names[files->count] = NULL;
    }
    globfree(&found);
}

static struct files find_files(const struct collection *collection)
{
    struct files files = {.names = allocate(sizeof *files.names)};
    files.names[0] = NULL;
    add_files(&files, collection, collection->logs, false);
    files.logs = files.count;
    add_files(&files, collection, collection->records, true);
    return files;
}

static void free_files(struct files *files)
{
    for (size_t index = 0; index < files->count; index++)
        free(files->names[index]);
    free(files->names);
}

/* ---- documents ------------------------------------------------------------------------------------------------------------ */

/* A run in which nothing was told leaves no file, and an empty one is a damaged log: this says that there was nothing. Its path, to be freed; NULL: it cannot be made. */
static char *log_of_nothing(int *descriptor)
{
    static const char line[] = "{\"schema\":1,\"type\":\"summary\",\"violations\":0,\"repeats\":0,\"refused\":0,\"held\":0}\n";
    *descriptor = memfd_create("nothing", MFD_CLOEXEC);
    if (*descriptor < 0 || write(*descriptor, line, sizeof line - 1) != (ssize_t)sizeof line - 1)
        return NULL;
    return compose("/proc/self/fd/%d", *descriptor);
}

/* `holdfast report --format FORMAT FILE...` into a descriptor. */
static bool write_report(const char *format, const struct files *files, int descriptor)
{
    static char report[] = "report", option[] = "--format", end[] = "--";
    char **arguments = allocate((files->count + 6) * sizeof *arguments);
    char *own_format = duplicate(format);
    int nothing_descriptor = -1;
    char *nothing = files->count == 0 ? log_of_nothing(&nothing_descriptor) : NULL;
    int count = 0, before = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    arguments[count++] = report;
    arguments[count++] = option;
    arguments[count++] = own_format;
    arguments[count++] = end;
    for (size_t index = 0; index < files->count; index++)
        arguments[count++] = files->names[index];
    if (nothing != NULL)
        arguments[count++] = nothing;
    arguments[count] = NULL;
    fflush(stdout);
    dup2(descriptor, STDOUT_FILENO);
    int status = report_command(count, arguments);
    bool fine = fflush(stdout) == 0 && !ferror(stdout) && status != STATUS_USAGE;
    clearerr(stdout);
    if (before >= 0) {
        dup2(before, STDOUT_FILENO);
        close(before);
    }
    if (nothing_descriptor >= 0)
        close(nothing_descriptor);
    free(nothing);
    free(own_format);
    free(arguments);
    return fine;
}

static bool write_document(const char *format, const struct files *files, const char *path)
{
    int descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (descriptor < 0) {
        complain("run", "--%s: cannot write '%s': %s", format, path, strerror(errno));
        return false;
    }
    bool fine = write_report(format, files, descriptor);
    if (close(descriptor) != 0 || !fine)
        complain("run", "--%s: '%s' could not be written completely", format, path);
    return fine;
}

static json_t *read_report(const struct files *files)
{
    json_t *report = NULL;
    int memory = memfd_create("holdfast report", MFD_CLOEXEC);
    FILE *stream = memory < 0 ? tmpfile() : fdopen(memory, "r+");
    if (stream != NULL && write_report("json", files, fileno(stream))) {
        rewind(stream);
        report = json_loadf(stream, 0, NULL);
    }
    if (stream != NULL)
        fclose(stream);
    return report;
}

/* ---- the summary ------------------------------------------------------------------------------------------------------------ */

static json_int_t number(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text != NULL ? text : "";
}

static const char *plural(json_int_t count, const char *one, const char *many)
{
    return count == 1 ? one : many;
}

static json_int_t count_of_rule(const json_t *report, const char *rule)
{
    size_t index;
    json_t *entry;
    json_array_foreach(json_object_get(report, "rules"), index, entry)
        if (strcmp(text_of(entry, "rule"), rule) == 0)
            return number(entry, "count");
    return 0;
}

static json_int_t sum_of_rules(const json_t *report)
{
    size_t index;
    json_int_t sum = 0;
    json_t *entry;
    json_array_foreach(json_object_get(report, "rules"), index, entry)
        sum += number(entry, "count");
    return sum;
}

static void print_rules(const json_t *report)
{
    size_t index;
    json_t *entry;
    json_array_foreach(json_object_get(report, "rules"), index, entry)
        fprintf(stderr, "holdfast run: %7lld  %s %s (%s)\n", (long long)number(entry, "count"), text_of(entry, "rule"), text_of(entry, "name"), text_of(entry, "severity"));
}

static void print_places(const json_t *report)
{
    const json_t *places = json_object_get(report, "places");
    size_t index, count = json_array_size(places);
    json_t *entry;
    if (count != 0)
        fprintf(stderr, "holdfast run: by place:\n");
    json_array_foreach(places, index, entry)
    {
        if (index == PLACES_SHOWN)
            break;
        fprintf(stderr, "holdfast run: %7lld  ", (long long)number(entry, "count"));
        print_safely(stderr, text_of(entry, "place")[0] != '\0' ? text_of(entry, "place") : "(no place is known)");
        const char *rule, *separator = "  ";
        json_t *times;
        json_object_foreach(json_object_get(entry, "rules"), rule, times)
        {
            fprintf(stderr, "%s%s", separator, rule);
            separator = ", ";
        }
        fputc('\n', stderr);
    }
    if (count > PLACES_SHOWN)
        fprintf(stderr, "holdfast run:          and %zu more places\n", count - PLACES_SHOWN);
}

static void print_crashes(const json_t *report)
{
    size_t index;
    json_t *notice;
    json_array_foreach(json_object_get(report, "notices"), index, notice)
    {
        if (strcmp(text_of(notice, "type"), "crash") != 0)
            continue;
        fprintf(stderr, "holdfast run: process %lld crashed: ", (long long)number(notice, "pid"));
        print_safely(stderr, text_of(notice, "message"));
        fputc('\n', stderr);
    }
}

static void print_summary(const json_t *report)
{
    const json_t *totals = json_object_get(report, "totals");
    json_int_t violations = sum_of_rules(report), refused = number(totals, "refused"), held = number(totals, "held"), repeats = number(totals, "repeats"),
               leaks = count_of_rule(report, "HF115");
    size_t unread = json_array_size(json_object_get(report, "problems")); /* named above, each with what is wrong */
    if (violations == 0 && unread != 0)
        fprintf(stderr, "holdfast run: no violation is in what could be read; of %zu %s nothing or not all could\n", unread, plural((json_int_t)unread, "file", "files"));
    else if (violations == 0)
        fprintf(stderr, "holdfast run: no violation was found\n");
    else
        fprintf(stderr, "holdfast run: %lld %s, and %lld %s of the same:\n", (long long)violations, plural(violations, "violation", "violations"), (long long)repeats,
                plural(repeats, "repeat", "repeats"));
    print_rules(report);
    print_places(report);
    print_crashes(report);
    if (refused + held + leaks != 0) {
        fprintf(stderr, "holdfast run: %lld %s refused, %lld %s postponed", (long long)refused, plural(refused, "call", "calls"), (long long)held, plural(held, "free", "frees"));
        if (leaks != 0) /* that none was told does not say that there were none: see the option leaks */
            fprintf(stderr, ", %lld never freed", (long long)leaks);
        fputc('\n', stderr);
    }
}

static void print_files(const struct collection *collection, const struct files *files, bool json, bool html)
{
    for (size_t index = files->logs; index < files->count && index < files->logs + RECORDS_SHOWN; index++) {
        fprintf(stderr, "holdfast run: record: ");
        print_safely(stderr, files->names[index]);
        fputc('\n', stderr);
    }
    if (files->count - files->logs > RECORDS_SHOWN)
        fprintf(stderr, "holdfast run: and %zu more records\n", files->count - files->logs - RECORDS_SHOWN);
    for (int second = 0; second < 2; second++)
        if (second ? html : json) {
            fprintf(stderr, "holdfast run: written: ");
            print_safely(stderr, second ? collection->html : collection->json);
            fputc('\n', stderr);
        }
}

void collect_finish(const struct collection *collection)
{
    struct files files = find_files(collection);
    bool json = collection->json != NULL && write_document("json", &files, collection->json);
    bool html = collection->html != NULL && write_document("html", &files, collection->html);
    json_t *report = collection->quiet ? NULL : read_report(&files);
    if (report != NULL) {
        print_summary(report);
        print_files(collection, &files, json, html);
    }
    json_decref(report);
    free_files(&files);
}
