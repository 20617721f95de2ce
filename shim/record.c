/* The record: see record.h.
 *
 * The name. A pattern is made absolute when it is read, because programs change their directory; a child of fork fills it in anew. Where a file of the
 * name is there already (process 1 of a restarted container, the program before an exec) a number is appended: no record is ever written over.
 *
 * The bound. Files of one pattern are those whose last component fits it. What is removed must be finished: its process is not there any more. That is
 * sure where pid and start time can be compared; where the file is from another namespace of pids, another boot or another machine, a lease is asked for, which the
 * kernel refuses as long as anybody has the file open for writing, mapped included. Whatever cannot be answered counts as living.
 *
 * The directory is read with the system call: opendir() allocates.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include "record.h"
#include "context.h"
#include "functions.h"
#include "lifecycle.h"
#include "process.h"
#include "who.h"
#include "young.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define TRACKER (&holdfast_tracker)
#define NUMBER_MAX 999u     /* appended to a name that is taken */
#define NAMES_MAX 131072u   /* of kinds and functions: about 70 KiB today */
#define NAMES_FROM (UINT64_C(4) << 20) /* in a smaller arena they would take too much */

static char path[PATH_MAX]; /* of this process's record */

bool record_wanted(void)
{
    return holdfast_options.record[0] != '\0';
}

/* ---- names -------------------------------------------------------------------------------------------------------------- */

struct text {
    char *at;
    size_t used, bytes;
};

static void add(struct text *text, const char *words, size_t length)
{
    for (size_t i = 0; i < length && text->used + 1 < text->bytes; i++)
        text->at[text->used++] = words[i];
    text->at[text->used] = '\0';
}

static void add_number(struct text *text, uint64_t number)
{
    char digits[24];
    add(text, digits, (size_t)snprintf(digits, sizeof digits, "%llu", (unsigned long long)number));
}

/* As part of a file's name. */
static void add_word(struct text *text, const char *word)
{
    for (; *word != '\0'; word++)
        add(text, *word == '/' ? "!" : word, 1);
}

/* False: '%' with something unknown behind it, which is in `unknown`. Twice the same letter is fine. */
static bool expand(struct text *text, const char *pattern, char *unknown)
{
    struct timespec now = {0};
    bool has_pid = false;
    for (const char *letter = pattern; *letter != '\0'; letter++) {
        if (*letter != '%') {
            add(text, letter, 1);
            continue;
        }
        switch (*++letter) {
        case 'p':
            add_number(text, (uint64_t)getpid());
            has_pid = true;
            break;
        case 'h':
            add_word(text, who_host());
            break;
        case 't':
            clock_gettime(CLOCK_REALTIME, &now);
            add_number(text, (uint64_t)now.tv_sec);
            break;
        case 'e':
            add_word(text, lifecycle_program());
            break;
        case '%':
            add(text, "%", 1);
            break;
        default:
            *unknown = *letter;
            return false;
        }
    }
    if (!has_pid) { /* else a child would write where its parent does */
        add(text, ".", 1);
        add_number(text, (uint64_t)getpid());
    }
    return true;
}

/* The option becomes absolute, so that what the process does to its directory does not matter. */
static bool make_absolute(void)
{
    char whole[OPTION_PATH_BYTES];
    if (holdfast_options.record[0] == '/')
        return true;
    if (getcwd(whole, sizeof whole) == NULL)
        return false;
    size_t length = strlen(whole);
    struct text text = {whole, length, sizeof whole};
    /* '%' in the directory's own name stands for itself. */
    char quoted[OPTION_PATH_BYTES];
    struct text doubled = {quoted, 0, sizeof quoted};
    for (size_t i = 0; i < text.used; i++)
        add(&doubled, whole[i] == '%' ? "%%" : whole + i, whole[i] == '%' ? 2 : 1);
    add(&doubled, "/", 1);
    size_t needed = doubled.used + strlen(holdfast_options.record);
    if (needed + 1 >= sizeof quoted)
        return false;
    add(&doubled, holdfast_options.record, strlen(holdfast_options.record));
    memcpy(holdfast_options.record, quoted, doubled.used + 1);
    return true;
}

/* The name of this process's file, free at the moment, in `path`. */
static bool choose_name(char *error, size_t error_bytes)
{
    char unknown = '\0';
    struct text text = {path, 0, sizeof path - 8};
    if (!expand(&text, holdfast_options.record, &unknown)) {
        if (unknown != '\0')
            snprintf(error, error_bytes, "record: %%%c in '%.200s' is unknown: %%p is the pid, %%h the host, %%t the start time, %%e the program, %%%% a %%; this process is not recorded", unknown,
                     holdfast_options.record);
        else
            snprintf(error, error_bytes, "record: there is nothing behind the last %% of '%.200s'; write %%%% for one; this process is not recorded", holdfast_options.record);
        return false;
    }
    struct stat status;
    for (unsigned number = 2; lstat(path, &status) == 0 && number <= NUMBER_MAX; number++)
        snprintf(path + text.used, 8, ".%u", number);
    return true;
}

/* ---- files that were -------------------------------------------------------------------------------------------------------- */

static bool is_digit(char letter)
{
    return letter >= '0' && letter <= '9';
}

/* Does a file's name fit the last component of the pattern? %h and %e stand for anything, and a number may follow. Without recursion:
 * as in shells, only the last star needs to be tried again. */
static bool fits(const char *pattern, const char *name)
{
    char shape[OPTION_PATH_BYTES + 8]; /* '\1': digits, '\2': anything */
    size_t used = 0;
    bool has_pid = false;
    for (; *pattern != '\0' && used + 4 < sizeof shape; pattern++) {
        char letter = *pattern;
        if (letter == '%' && pattern[1] != '\0') {
            letter = *++pattern;
            has_pid = has_pid || letter == 'p';
            letter = letter == 'p' || letter == 't' ? '\1' : letter == '%' ? '%' : '\2';
        }
        shape[used++] = letter;
    }
    if (!has_pid) {
        shape[used++] = '.';
        shape[used++] = '\1';
    }
    shape[used] = '\0';

    const char *at = shape, *star = NULL, *retry = NULL;
    for (;;) {
        if (*at == '\2') {
            star = ++at;
            retry = name;
        } else if (*at == '\1' && is_digit(*name)) {
            while (is_digit(*name))
                name++;
            at++;
        } else if (*at == '\0' && (*name == '\0' || (*name == '.' && is_digit(name[1]) && strspn(name + 1, "0123456789") == strlen(name + 1)))) {
            return true;
        } else if (*at != '\0' && *at != '\1' && *at == *name) {
            at++;
            name++;
        } else if (star != NULL && *retry != '\0') {
            at = star;
            name = ++retry;
        } else {
            return false;
        }
    }
}

static bool is_finished(const struct arena_header *header, int file)
{
    enum process_life life = process_life(header);
    if (life != PROCESS_UNKNOWN)
        return life == PROCESS_GONE;
    bool leased = fcntl(file, F_SETLEASE, F_RDLCK) == 0;
    if (leased)
        fcntl(file, F_SETLEASE, F_UNLCK);
    return leased;
}

static bool has_findings(const struct arena_header *header)
{
    return header->counters[COUNTER_violations] != 0;
}

struct old {
    uint32_t finished;
    uint64_t oldest_ns;
    char oldest[256];
};

static void look_at(struct old *old, int directory, const char *name)
{
    struct arena_header header;
    struct stat status;
    int file = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (file < 0)
        return;
    if (fstat(file, &status) == 0 && S_ISREG(status.st_mode) && pread(file, &header, sizeof header, 0) == (ssize_t)sizeof header &&
        memcmp(header.magic, ARENA_MAGIC, sizeof header.magic) == 0 && header.version == ARENA_VERSION && is_finished(&header, file)) {
        if (header.state == ARENA_REPLACED && !header.keep && !has_findings(&header)) {
            unlinkat(directory, name, 0); /* nobody could do it after the exec */
        } else {
            if (old->finished++ == 0 || header.started_ns < old->oldest_ns) {
                old->oldest_ns = header.started_ns;
                snprintf(old->oldest, sizeof old->oldest, "%s", name);
            }
        }
    }
    close(file);
}

struct directory_entry {
    uint64_t inode;
    int64_t next;
    unsigned short bytes;
    unsigned char type;
    char name[];
};

static void look_at_all(struct old *old, int directory, const char *pattern)
{
    char buffer[4096] __attribute__((aligned(8)));
    long length;
    lseek(directory, 0, SEEK_SET);
    while ((length = syscall(SYS_getdents64, directory, buffer, sizeof buffer)) > 0)
        for (long at = 0; at < length;) {
            const struct directory_entry *entry = (const struct directory_entry *)(void *)(buffer + at);
            if ((entry->type == DT_REG || entry->type == DT_UNKNOWN) && fits(pattern, entry->name))
                look_at(old, directory, entry->name);
            at += entry->bytes;
        }
}

#define REMOVED_MAX 64u /* at one start: nobody is to wait for a directory that was left alone for a year */

/* So that with the new one there are not more than record_files that nobody writes any more. */
static void remove_old(void)
{
    if (holdfast_options.record_files == 0)
        return;
    char folder[PATH_MAX];
    snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    const char *pattern = strrchr(holdfast_options.record, '/');
    if (slash == NULL || pattern == NULL)
        return;
    slash[slash == folder] = '\0';
    int directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0)
        return;
    for (unsigned i = 0; i < REMOVED_MAX; i++) {
        struct old old = {0};
        look_at_all(&old, directory, pattern + 1);
        if (old.finished < holdfast_options.record_files || unlinkat(directory, old.oldest, 0) != 0 || old.finished == holdfast_options.record_files)
            break;
    }
    close(directory);
}

/* ---- what a reader needs ------------------------------------------------------------------------------------------------------ */

static void identify(void)
{
    struct arena_header *header = tracker_header(TRACKER);
    header->boot = process_boot();
    header->pid_namespace = process_pid_namespace();
    header->keep = holdfast_options.record_keep;
    header->process_start = process_start(header->pid);
    who_identify();
}

/* Names before what is numbered by them. */
static void write_names(struct arena_own *own)
{
    uint32_t bytes = 0;
    for (unsigned kind = 0; kind < KIND_COUNT; kind++)
        bytes += (uint32_t)strlen(kind_table[kind].name) + 1;
    for (unsigned function = 0; function < FUNCTION_COUNT; function++)
        bytes += (uint32_t)strlen(function_table[function].name) + 1;
    char *to = bytes <= NAMES_MAX ? tracker_take_own(TRACKER, bytes, &own->names_offset) : NULL;
    if (to == NULL)
        return;
    for (unsigned kind = 0; kind < KIND_COUNT; kind++)
        to = stpcpy(to, kind_table[kind].name) + 1;
    for (unsigned function = 0; function < FUNCTION_COUNT; function++)
        to = stpcpy(to, function_table[function].name) + 1;
    own->names_bytes = bytes;
    own->kinds = KIND_COUNT;
    own->functions = FUNCTION_COUNT;
}

bool record_open(char *error, size_t error_bytes)
{
    if (!make_absolute()) {
        snprintf(error, error_bytes, "record: the directory of this process has no name, or one that is too long; this process is not recorded");
        return false;
    }
    if (!choose_name(error, error_bytes))
        return false;
    remove_old();
    uint64_t bytes = holdfast_options.record_size;
    TRACKER->own_bytes = bytes >= NAMES_FROM ? bytes / 4 : 0;
    if (!tracker_open(TRACKER, path, bytes, lifecycle_program(), error, error_bytes)) {
        size_t used = strlen(error);
        snprintf(error + used, error_bytes - used, "; this process is not recorded");
        path[0] = '\0';
        return false;
    }
    identify();
    if (TRACKER->own_bytes != 0) {
        write_names(&tracker_header(TRACKER)->own);
        young_describe(&tracker_header(TRACKER)->own);
    }
    return true;
}

/* ---- forks and ends -------------------------------------------------------------------------------------------------------------- */

const char *record_path_for_child(void)
{
    char error[400];
    if (path[0] == '\0')
        return NULL;
    return choose_name(error, sizeof error) ? path : NULL;
}

void record_after_fork_child(void)
{
    if (TRACKER->base == NULL || !TRACKER->shared_file)
        path[0] = '\0';
    else
        identify();
}

static bool is_mine(void)
{
    return path[0] != '\0' && TRACKER->base != NULL && tracker_header(TRACKER)->pid == (uint32_t)getpid();
}

void record_ended(enum arena_state state)
{
    if (!is_mine() || tracker_header(TRACKER)->state != ARENA_LIVE)
        return;
    int saved_errno = errno;
    struct arena_header *header = tracker_header(TRACKER);
    struct timespec now = {0};
    clock_gettime(CLOCK_REALTIME, &now);
    header->ended_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
    __atomic_store_n(&header->state, (uint32_t)state, __ATOMIC_RELEASE);
    if (state == ARENA_CLOSED && !holdfast_options.record_keep && !has_findings(header))
        unlink(path);
    errno = saved_errno;
}

void record_goes_on(void)
{
    if (!is_mine() || tracker_header(TRACKER)->state != ARENA_REPLACED)
        return;
    tracker_header(TRACKER)->ended_ns = 0;
    __atomic_store_n(&tracker_header(TRACKER)->state, (uint32_t)ARENA_LIVE, __ATOMIC_RELEASE);
}
