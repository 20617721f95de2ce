/* See sources.h. One thread. */
#include "sources.h"
#include "baseline.h"
#include "inputs.h"
#include "layout.h"
#include "text.h"
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <glob.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct source {
    char *name;
    off_t bytes;
    bool is_log, among_others; /* among_others: it lies in a directory that was named */
};

struct sources {
    struct source *items;
    size_t count, room;
    struct hash_set seen; /* device and number of each regular file: one that is named twice is read once */
    uint64_t bytes;
    bool in_directory, has_records;
};

/* ---- what there is to read ---------------------------------------------------------------------------------------------- */

bool is_arena(FILE *stream)
{
    char start[sizeof ARENA_MAGIC - 1];
    bool same = fread(start, 1, sizeof start, stream) == sizeof start && memcmp(start, ARENA_MAGIC, sizeof start) == 0;
    rewind(stream);
    return same;
}

static bool is_record(const char *name)
{
    FILE *stream = fopen(name, "re");
    bool is = stream != NULL && is_arena(stream);
    if (stream != NULL)
        fclose(stream);
    return is;
}

/* `status`: of the file, NULL where there is none. Takes over the name. */
static void add_source(struct sources *sources, char *name, const struct stat *status, bool among_others)
{
    bool regular = status != NULL && S_ISREG(status->st_mode);
    if (regular) {
        uint64_t number[2] = {status->st_dev, status->st_ino};
        if (set_add(&sources->seen, hash_bytes(11, number, sizeof number)) == SET_KNOWN) {
            free(name);
            return;
        }
    }
    if (sources->count == sources->room) {
        sources->room = sources->room != 0 ? 2 * sources->room : 64;
        sources->items = reallocate(sources->items, sources->room * sizeof *sources->items);
    }
    bool is_log = !regular || !is_record(name);
    off_t bytes = regular && is_log ? status->st_size : 0;
    sources->items[sources->count++] = (struct source){.name = name, .bytes = bytes, .is_log = is_log, .among_others = among_others};
    sources->bytes += (uint64_t)bytes;
    sources->has_records = sources->has_records || !is_log;
    sources->in_directory = sources->in_directory || among_others;
}

static int by_name(const FTSENT **left, const FTSENT **right)
{
    return strcmp((*left)->fts_name, (*right)->fts_name);
}

/* The files below it, in the order of their names. Links to files are followed, links to directories are not: they may lead back. What begins with a dot is hidden. */
static void add_directory(struct findings *findings, struct sources *sources, char *folder)
{
    char *folders[] = {folder, NULL};
    FTS *walk = fts_open(folders, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, by_name);
    if (walk == NULL) {
        findings_add_problem(findings, folder, "cannot be read: %s", strerror(errno));
        return;
    }
    for (FTSENT *entry; (entry = fts_read(walk)) != NULL;) {
        struct stat status;
        if (entry->fts_level > 0 && entry->fts_name[0] == '.')
            fts_set(walk, entry, FTS_SKIP);
        else if (entry->fts_info == FTS_DNR || entry->fts_info == FTS_ERR || entry->fts_info == FTS_NS)
            findings_add_problem(findings, entry->fts_path, "cannot be read: %s", strerror(entry->fts_errno));
        else if ((entry->fts_info == FTS_F || entry->fts_info == FTS_SL) && stat(entry->fts_accpath, &status) == 0 && S_ISREG(status.st_mode))
            add_source(sources, duplicate(entry->fts_path), &status, true);
    }
    sources->in_directory = true;
    fts_close(walk);
}

static void add_name(struct findings *findings, struct sources *sources, char *name)
{
    struct stat status;
    bool there = strcmp(name, "-") != 0 && stat(name, &status) == 0;
    if (there && S_ISDIR(status.st_mode)) {
        add_directory(findings, sources, name);
        free(name);
    } else {
        add_source(sources, name, there ? &status : NULL, false);
    }
}

char *name_of_source(const char *argument)
{
    bool is_number = argument[0] != '\0' && strspn(argument, "0123456789") == strlen(argument);
    return is_number && access(argument, F_OK) != 0 ? record_of_process(argument) : duplicate(argument);
}

/* False: it is a process without a record. */
static bool add_argument(struct findings *findings, struct sources *sources, const char *argument)
{
    glob_t found;
    struct stat status;
    if (lstat(argument, &status) != 0 && strpbrk(argument, "*?[") != NULL && glob(argument, 0, NULL, &found) == 0) {
        for (size_t index = 0; index < found.gl_pathc; index++)
            add_name(findings, sources, duplicate(found.gl_pathv[index]));
        globfree(&found);
        return true;
    }
    char *name = name_of_source(argument);
    if (name != NULL)
        add_name(findings, sources, name);
    return name != NULL;
}

/* ---- how far it is ------------------------------------------------------------------------------------------------------- */

#define PROGRESS_AFTER_MS 1000
#define PROGRESS_EVERY_MS 100
#define BAR_WIDTH 30

struct progress {
    const struct findings *findings;
    const struct sources *sources;
    int64_t started_ms, shown_ms;
    uint64_t bytes_before; /* of the files that are done */
    size_t files_before;
    bool terminal, shown;
};

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void show_progress(void *context, uint64_t bytes)
{
    struct progress *progress = context;
    int64_t now = now_ms();
    if (!progress->terminal || now - progress->started_ms < PROGRESS_AFTER_MS || now - progress->shown_ms < PROGRESS_EVERY_MS)
        return;
    uint64_t total = progress->sources->bytes, done = progress->bytes_before + bytes;
    double part = total > 0 && done < total ? (double)done / (double)total : 1;
    char bar[BAR_WIDTH + 1];
    for (int column = 0; column < BAR_WIDTH; column++)
        bar[column] = column < part * BAR_WIDTH ? '#' : '.';
    bar[BAR_WIDTH] = '\0';
    fprintf(stderr, "\r[%s] %3.0f %%  file %zu of %zu, %" PRIu64 " MB, %" PRIu64 " violations\033[K", bar, part * 100, progress->files_before + 1, progress->sources->count, done >> 20,
            progress->findings->records);
    fflush(stderr);
    progress->shown_ms = now;
    progress->shown = true;
}

static void end_progress(const struct progress *progress)
{
    if (progress->shown)
        fputs("\r\033[K", stderr);
}

/* ---- reading --------------------------------------------------------------------------------------------------------------- */

/* A log that can be read without waiting for ever, -1 and a problem if not. A pipe's writer (as of the shell's <(...)) is there already; one that nobody writes to
 * is at its end. */
static int open_log(struct findings *findings, const char *name)
{
    struct stat status;
    int descriptor = open(name, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (descriptor < 0 || fstat(descriptor, &status) != 0) {
        findings_add_problem(findings, name, "cannot be read: %s", strerror(errno));
    } else if (S_ISBLK(status.st_mode) || (S_ISCHR(status.st_mode) && !isatty(descriptor) && strcmp(name, "/dev/null") != 0)) {
        findings_add_problem(findings, name, "is a device: no Holdfast log");
    } else {
        fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) & ~O_NONBLOCK);
        return descriptor;
    }
    if (descriptor >= 0)
        close(descriptor);
    return -1;
}

static void read_one(struct findings *findings, struct log_reading *reading, const struct source *source)
{
    bool is_stdin = strcmp(source->name, "-") == 0;
    if (!source->is_log) {
        read_arena(findings, source->name);
        return;
    }
    /* One that lies among the logs of a directory was made of these, most likely: it would count all of them twice. */
    if (!source->among_others && document_in(source->name) == DOCUMENT_REPORT) {
        read_json_report(findings, source->name);
        return;
    }
    int descriptor = is_stdin ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) : open_log(findings, source->name);
    if (descriptor >= 0)
        read_log(findings, reading, is_stdin ? "standard input" : source->name, descriptor, source->among_others);
    else if (is_stdin)
        findings_add_problem(findings, "standard input", "cannot be read: %s", strerror(errno));
}

bool read_sources(struct findings *findings, char **arguments, int count)
{
    struct sources sources = {0};
    bool fine = true;
    for (int index = 0; index < count; index++)
        fine = add_argument(findings, &sources, arguments[index]) && fine;
    findings->has_records = sources.has_records;
    struct progress progress = {.findings = findings, .sources = &sources, .started_ms = now_ms(), .terminal = isatty(STDERR_FILENO) == 1};
    struct log_reading reading = {.progress = show_progress, .context = &progress};
    for (int logs = 1; logs >= 0; logs--)
        for (size_t index = 0; index < sources.count; index++) {
            const struct source *source = &sources.items[index];
            if (source->is_log != (logs == 1))
                continue;
            show_progress(&progress, 0);
            read_one(findings, &reading, source);
            progress.bytes_before += (uint64_t)source->bytes;
            progress.files_before++;
        }
    end_progress(&progress);
    log_reading_end(&reading);
    /* Of a fleet without a mistake nothing is left: that is no failure. */
    if (fine && findings->files == 0 && json_array_size(findings->problems) == 0 && sources.in_directory)
        complain("report", "there is no log and no record: either there was nothing to tell, or log_path= and record= name another directory");
    for (size_t index = 0; index < sources.count; index++)
        free(sources.items[index].name);
    free(sources.items);
    set_clear(&sources.seen);
    return fine;
}
