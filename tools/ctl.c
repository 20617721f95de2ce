/* holdfast ctl: asks a running process to change what it does, and tells how it fares. See tracker/control_block.h for what the two have in common.
 *
 * The process's memory is read and written through /proc/PID/mem: it is not stopped, and whoever may not do that is told so by the kernel. Nothing that is read there is
 * believed: numbers are compared with what they must lie in, texts are bounded and printed without what a terminal would obey. */
#include "command.h"
#include "control_block.h"
#include "inputs.h"
#include "layout.h"
#include "reader.h"
#include "render.h"
#include "text.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

const char ctl_usage[] =
    "usage: holdfast ctl [--timeout SECONDS] PID REQUEST...\n\n"
    "Asks a running process that Holdfast watches, and waits for its answer. It is carried out with the next call that Holdfast looks at.\n\n"
    "  status        what Holdfast does there and what it has counted (answers at once)\n"
    "  stats         the same, with all that its arena tells: violations, losses, memory (answers at once)\n"
    "  NAME=VALUE    change an option: mode, rules, log, log_path, log_format, log_rate, log_size, hold_max ...; several at once\n"
    "  off           release all that is held and watch nothing; calls pass by the shortest path\n"
    "  on            watch again: what is made from now on; of what lives already nothing is known\n"
    "  settle        carry out all postponed frees\n"
    "  dump          write all handles that are alive, and those held, to the process's log\n"
    "  rotate        begin a new log file with the next report\n\n"
    "  --timeout SECONDS   wait so long for the answer (default 5); the request stays when it is over\n"
    "It needs the right to read and write the process's memory: the same user, where kernel.yama.ptrace_scope allows it, or root.\n"
    "Exit status: 0, 1 when the request was refused or the process is not to be had, 2 for wrong arguments, 3 when there was no answer in time.\n";

struct target {
    pid_t pid;
    int memory; /* /proc/PID/mem */
    uint64_t block; /* address of its control block */
    struct control_block copy;
};

static bool read_memory(const struct target *target, uint64_t address, void *buffer, size_t bytes)
{
    return reader_read_at(target->memory, buffer, bytes, address) == bytes;
}

static bool write_memory(const struct target *target, uint64_t address, const void *buffer, size_t bytes)
{
    ssize_t count;
    do
        count = pwrite(target->memory, buffer, bytes, (off_t)address);
    while (count < 0 && errno == EINTR);
    return count == (ssize_t)bytes;
}

static bool refresh(struct target *target)
{
    static const uint8_t magic[] = CONTROL_MAGIC;
    bool read = read_memory(target, target->block, &target->copy, sizeof target->copy) && memcmp(target->copy.magic, magic, sizeof magic) == 0;
    target->copy.text[CONTROL_TEXT_BYTES - 1] = '\0';
    target->copy.answer[CONTROL_ANSWER_BYTES - 1] = '\0';
    return read;
}

/* ---- finding it ---------------------------------------------------------------------------------------------------------- */

/* In this mapping of the process? Its data are small. */
#define DATA_MAXIMUM (UINT64_C(16) << 20)

static bool find_block_in(struct target *target, uint64_t from, uint64_t end)
{
    static const uint8_t magic[] = CONTROL_MAGIC;
    if (end <= from || end - from > DATA_MAXIMUM)
        return false;
    uint8_t *data = allocate(end - from);
    bool found = false;
    if (read_memory(target, from, data, end - from))
        for (uint64_t offset = 0; offset + sizeof(struct control_block) <= end - from && !found; offset += CONTROL_ALIGNMENT)
            if (memcmp(data + offset, magic, sizeof magic) == 0) {
                target->block = from + offset;
                found = true;
            }
    free(data);
    return found;
}

/* False after a complaint. */
static bool find_block(struct target *target)
{
    char path[64], line[8192], access[8];
    bool loaded = false, found = false;
    snprintf(path, sizeof path, "/proc/%d/maps", (int)target->pid);
    FILE *maps = fopen(path, "re");
    if (maps == NULL) {
        complain("ctl", "process %d: %s", (int)target->pid, errno == ENOENT ? "there is none with this number" : strerror(errno));
        return false;
    }
    while (!found && fgets(line, sizeof line, maps) != NULL) {
        uint64_t from, end;
        const char *file = strchr(line, '/');
        if (file == NULL || strncmp(base_name(file), "libholdfast.", 12) != 0 || sscanf(line, "%" SCNx64 "-%" SCNx64 " %7s", &from, &end, access) != 3)
            continue;
        loaded = true;
        if (strncmp(access, "rw", 2) == 0)
            found = find_block_in(target, from, end);
    }
    int error = ferror(maps) ? errno : 0;
    fclose(maps);
    if (found)
        return true;
    if (loaded)
        complain("ctl", "process %d: this libholdfast.so knows no requests, or its memory cannot be read; use the holdfast that belongs to it", (int)target->pid);
    else
        complain("ctl", "process %d %s", (int)target->pid, error != 0 ? strerror(error) : "does not run under Holdfast: start it with holdfast run");
    return false;
}

static bool open_target(struct target *target)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/mem", (int)target->pid);
    target->memory = open(path, O_RDWR | O_CLOEXEC);
    if (target->memory < 0) {
        complain("ctl", "process %d: %s", (int)target->pid,
                 errno == ENOENT ? "there is none with this number"
                 : errno == EACCES || errno == EPERM
                     ? "its memory may not be read: this needs the same user (and /proc/sys/kernel/yama/ptrace_scope 0), or root"
                     : strerror(errno));
        return false;
    }
    if (!find_block(target))
        return false;
    if (!refresh(target) || target->copy.version != CONTROL_VERSION || target->copy.bytes != sizeof target->copy) {
        complain("ctl", "process %d runs under another version of Holdfast: use the holdfast that belongs to it", (int)target->pid);
        return false;
    }
    return true;
}

/* ---- requests ---------------------------------------------------------------------------------------------------------- */

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void wait_a_moment(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
}

/* One command at a time writes requests to a process. The lock goes with the command. */
static void take_turn(const struct target *target, double deadline)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d", (int)target->pid);
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    while (folder >= 0 && flock(folder, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK && seconds_now() < deadline)
        wait_a_moment();
}

/* Does the process have a handler for this signal? Else it might end it. */
static bool catches(pid_t pid, uint32_t number)
{
    char path[64], line[256];
    uint64_t caught = 0;
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *status = fopen(path, "re");
    while (status != NULL && fgets(line, sizeof line, status) != NULL)
        sscanf(line, "SigCgt: %" SCNx64, &caught);
    if (status != NULL)
        fclose(status);
    return number >= 1 && number <= 64 && (caught >> (number - 1) & 1) != 0;
}

static bool write_request(struct target *target, const char *text, uint32_t *number)
{
    if (!refresh(target))
        return false;
    if (target->copy.request != target->copy.answered) {
        fputs("an earlier request, '", stderr);
        print_safely(stderr, target->copy.text);
        fputs("', was not carried out yet: this one takes its place\n", stderr);
    }
    *number = target->copy.request + 1;
    while (*number == target->copy.answered)
        ++*number;
    uint32_t sum = control_sum(*number, text, strlen(text));
    /* Until the number is there, the sum fits no number that the process knows. */
    bool written = write_memory(target, target->block + offsetof(struct control_block, sum), &sum, sizeof sum) &&
                   write_memory(target, target->block + offsetof(struct control_block, text), text, strlen(text) + 1) &&
                   write_memory(target, target->block + offsetof(struct control_block, request), number, sizeof *number);
    if (written && target->copy.signal != 0 && catches(target->pid, target->copy.signal))
        kill(target->pid, (int)target->copy.signal);
    return written;
}

enum { STATUS_NO_ANSWER = 3 };

/* The answer is in the target's copy. */
static int ask(struct target *target, const char *text, double patience)
{
    double deadline = seconds_now() + patience;
    uint32_t number;
    take_turn(target, deadline);
    if (!write_request(target, text, &number)) {
        complain("ctl", "process %d has ended, or its memory cannot be written", (int)target->pid);
        return STATUS_FAILED;
    }
    for (;;) {
        if (!refresh(target)) {
            complain("ctl", "process %d ended before it answered", (int)target->pid);
            return STATUS_FAILED;
        }
        if (target->copy.answered == number)
            return target->copy.outcome == CONTROL_APPLIED ? STATUS_FINE : STATUS_FAILED;
        if (seconds_now() >= deadline)
            return STATUS_NO_ANSWER;
        wait_a_moment();
    }
}

static int ask_and_tell(struct target *target, const char *text, double patience)
{
    int status = ask(target, text, patience);
    if (status == STATUS_NO_ANSWER)
        complain("ctl", "process %d did not answer in %g s: it made no call that Holdfast looks at. The request stays, and is carried out with its next one", (int)target->pid, patience);
    else if (target->copy.answer[0] != '\0') {
        print_safely(status == STATUS_FINE ? stdout : stderr, target->copy.answer);
        fputc('\n', status == STATUS_FINE ? stdout : stderr);
    }
    return status;
}

/* ---- what is read without the process ------------------------------------------------------------------------------------ */

static bool read_header(const struct target *target, struct arena_header *header)
{
    return target->copy.arena != 0 && read_memory(target, target->copy.arena, header, sizeof *header) && memcmp(header->magic, ARENA_MAGIC, sizeof header->magic) == 0 &&
           header->version == ARENA_VERSION && header->total_bytes <= UINT64_C(1) << 40;
}

static void print_memory(const struct target *target)
{
#define X(name, words) printf("  memory    %" PRIu64 " bytes: %s\n", target->copy.memory_##name, words);
    CONTROL_MEMORY(X)
#undef X
}

static int show_status(struct target *target, double patience)
{
    static const char *const modes[] = {"report", "defer", "reject"};
    struct arena_header header;
    if (target->copy.pid == 0 || !read_header(target, &header)) {
        printf("process %d: under Holdfast, but it has made no handle yet\n", (int)target->pid);
        return STATUS_FINE;
    }
    bool measured = target->copy.refuses == 0 && ask(target, "measure", patience < 1 ? patience : 1) == STATUS_FINE;
    read_header(target, &header);
    header.program[sizeof header.program - 1] = '\0';
    printf("process %d ", (int)target->pid);
    print_safely(stdout, header.program);
    printf(": Holdfast is %s, mode %s%s\n", target->copy.passing != 0 ? "off" : "on", target->copy.mode < 3 ? modes[target->copy.mode] : "unknown",
           target->copy.refuses != 0 ? "; it takes no requests (ctl=0)" : !measured ? "; it makes no calls at the moment" : "");
    printf("  handles   %" PRIu64 " born, %" PRIu64 " lent, %" PRIu64 " freed; %u frees are postponed now\n", header.counters[COUNTER_births], header.counters[COUNTER_loans],
           header.counters[COUNTER_deaths], header.hold_count);
    printf("  told      %" PRIu64 " violations, %" PRIu64 " of them repeats; %" PRIu64 " calls refused; %" PRIu64 " reports left out, %" PRIu64 " uses let through unjudged\n",
           header.counters[COUNTER_violations], header.counters[COUNTER_repeats], header.counters[COUNTER_refusals], header.counters[COUNTER_left_out],
           header.counters[COUNTER_unjudged]);
    print_memory(target);
    return STATUS_FINE;
}

#define CHUNK_BYTES (1u << 20)

/* In the order of the sections: what a record names lies in a later one, so that it is there when it is copied. */
static bool copy_arena(const struct target *target, int file)
{
    struct arena_header header;
    char *chunk = allocate(CHUNK_BYTES);
    bool fine = read_header(target, &header) && ftruncate(file, (off_t)header.total_bytes) == 0;
    for (unsigned section = 0; section < SECTION_COUNT && fine; section++) {
        fine = read_header(target, &header);
        const struct arena_section_header *part = &header.sections[section];
        uint64_t bytes = (uint64_t)(section == SECTION_EVENTS || section == SECTION_FENCES ? part->capacity : part->used) * part->record_bytes;
        fine = fine && part->offset <= header.total_bytes && bytes <= header.total_bytes - part->offset;
        for (uint64_t done = 0; done < bytes && fine; done += CHUNK_BYTES) {
            size_t count = bytes - done < CHUNK_BYTES ? (size_t)(bytes - done) : CHUNK_BYTES;
            fine = read_memory(target, target->copy.arena + part->offset + done, chunk, count) && pwrite(file, chunk, count, (off_t)(part->offset + done)) == (ssize_t)count;
        }
    }
    fine = fine && pwrite(file, &header, sizeof header, 0) == (ssize_t)sizeof header;
    free(chunk);
    return fine;
}

static int show_stats(struct target *target, double patience)
{
    struct findings findings;
    char path[64];
    int status = show_status(target, patience);
    int file = target->copy.pid != 0 ? memfd_create("arena", MFD_CLOEXEC) : -1;
    if (file < 0)
        return status;
    if (!copy_arena(target, file)) {
        complain("ctl", "process %d: its arena cannot be read", (int)target->pid);
        return STATUS_FAILED;
    }
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    findings_open(&findings);
    read_arena(&findings, path);
    render_text(stdout, &findings);
    status = json_array_size(findings.problems) == 0 ? STATUS_FINE : STATUS_FAILED;
    findings_close(&findings);
    close(file);
    return status;
}

/* ---- the command line ------------------------------------------------------------------------------------------------------ */

static int wrong_usage(void)
{
    fputs("\n", stderr);
    fputs(ctl_usage, stderr);
    return STATUS_USAGE;
}

static bool is_word(const char *text)
{
    static const char *const words[] = {"off", "on", "settle", "dump", "rotate"};
    for (size_t index = 0; index < sizeof words / sizeof words[0]; index++)
        if (strcmp(words[index], text) == 0)
            return true;
    return false;
}

/* All options of the command line as one request: they are changed together or not at all. NULL after a complaint. */
static char *join_options(int count, char **arguments)
{
    char *all = duplicate("");
    for (int index = 0; index < count; index++) {
        if (strchr(arguments[index], '=') == NULL) {
            complain("ctl", "'%s' is no request, or cannot stand beside others", arguments[index]);
            free(all);
            return NULL;
        }
        bool levels = strncmp(arguments[index], "levels=", 7) == 0; /* as the documentation calls what rules= sets */
        char *longer = compose("%s%s%s%s", all, index > 0 ? ":" : "", levels ? "rules=" : "", arguments[index] + (levels ? 7 : 0));
        free(all);
        all = longer;
    }
    if (strlen(all) >= CONTROL_TEXT_BYTES) {
        complain("ctl", "a request may have %u bytes", CONTROL_TEXT_BYTES - 1);
        free(all);
        return NULL;
    }
    return all;
}

static int perform(struct target *target, int count, char **requests, double patience)
{
    if (count == 1 && strcmp(requests[0], "status") == 0)
        return open_target(target) ? show_status(target, patience) : STATUS_FAILED;
    if (count == 1 && strcmp(requests[0], "stats") == 0)
        return open_target(target) ? show_stats(target, patience) : STATUS_FAILED;
    if (count == 1 && is_word(requests[0]))
        return open_target(target) ? ask_and_tell(target, requests[0], patience) : STATUS_FAILED;
    char *options = join_options(count, requests);
    if (options == NULL)
        return wrong_usage();
    int status = open_target(target) ? ask_and_tell(target, options, patience) : STATUS_FAILED;
    free(options);
    return status;
}

int ctl_command(int count, char **arguments)
{
    double patience = 5;
    int index = 1;
    char *end;
    for (; index < count && arguments[index][0] == '-'; index++) {
        const char *value = strncmp(arguments[index], "--timeout=", 10) == 0 ? arguments[index] + 10 : NULL;
        if (value == NULL && strcmp(arguments[index], "--timeout") == 0 && index + 1 < count)
            value = arguments[++index];
        if (value == NULL) {
            complain("ctl", "there is no option '%s', or it needs a value", arguments[index]);
            return wrong_usage();
        }
        patience = strtod(value, &end);
        if (end == value || *end != '\0' || !(patience >= 0 && patience <= 86400)) {
            complain("ctl", "--timeout '%s' is wrong: it must be a number of seconds", value);
            return wrong_usage();
        }
    }
    if (count - index < 2) {
        complain("ctl", "which process, and what is it to do?");
        return wrong_usage();
    }
    long pid = strtol(arguments[index], &end, 10);
    if (end == arguments[index] || *end != '\0' || pid <= 0 || pid > 1 << 30) {
        complain("ctl", "'%s' is no number of a process", arguments[index]);
        return wrong_usage();
    }
    struct target target = {.pid = (pid_t)pid, .memory = -1};
    int status = perform(&target, count - index - 1, arguments + index + 1, patience);
    if (target.memory >= 0)
        close(target.memory);
    return status;
}
