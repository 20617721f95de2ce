/* holdfast ctl: asks a running process to change what it does, and tells how it fares. See tracker/control_block.h for what the two have in common.
 *
 * The process's memory is read and written through /proc/PID/mem: it is not stopped, and whoever may not do that is told so by the kernel. Nothing that is read there is
 * believed: numbers are compared with what they must lie in, texts are bounded and printed without what a terminal would obey. */
#include "arguments.h"
#include "command.h"
#include "control_block.h"
#include "inputs.h"
#include "layout.h"
#include "render.h"
#include "target.h"
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

static bool write_memory(const struct target *target, uint64_t address, const void *buffer, size_t bytes)
{
    ssize_t count;
    do
        count = pwrite(target->memory, buffer, bytes, (off_t)address);
    while (count < 0 && errno == EINTR);
    return count == (ssize_t)bytes;
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
    if (!target_refresh(target))
        return false;
    if (target->copy.request != target->copy.answered && strcmp(target->copy.text, "measure") != 0) { /* that one was nobody's but this command's */
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
        if (!target_refresh(target)) {
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
    if (target->copy.pid == 0 || !target_header(target, &header)) {
        printf("process %d: under Holdfast, but it has made no handle yet\n", (int)target->pid);
        return STATUS_FINE;
    }
    bool measured = target->copy.refuses == 0 && ask(target, "measure", patience < 1 ? patience : 1) == STATUS_FINE;
    target_header(target, &header);
    header.program[sizeof header.program - 1] = '\0';
    printf("process %d ", (int)target->pid);
    print_safely(stdout, header.program);
    printf(": Holdfast is %s, mode %s%s\n", target->copy.passing != 0 ? "off" : "on", target->copy.mode < 3 ? modes[target->copy.mode] : "unknown",
           target->copy.refuses != 0 ? "; it takes no requests (ctl=0)" : !measured ? "; for a second it made no call that Holdfast looks at" : "");
    printf("  handles   %" PRIu64 " born, %" PRIu64 " lent, %" PRIu64 " freed; %" PRIu64 " frees are postponed now\n", header.counters[COUNTER_births], header.counters[COUNTER_loans],
           header.counters[COUNTER_deaths], header.hold_count + target->copy.young_held);
    printf("  told      %" PRIu64 " violations, %" PRIu64 " of them repeats; %" PRIu64 " calls refused; %" PRIu64 " reports left out, %" PRIu64 " uses let through unjudged\n",
           header.counters[COUNTER_violations], header.counters[COUNTER_repeats], header.counters[COUNTER_refusals], header.counters[COUNTER_left_out],
           header.counters[COUNTER_unjudged]);
    print_memory(target);
    return STATUS_FINE;
}

static int show_stats(struct target *target, double patience)
{
    struct findings findings;
    char path[64];
    int status = show_status(target, patience);
    int file = target->copy.pid != 0 ? memfd_create("arena", MFD_CLOEXEC) : -1;
    if (file < 0)
        return status;
    if (!target_copy_arena(target, file)) {
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
        return target_open(target, "ctl", true) ? show_status(target, patience) : STATUS_FAILED;
    if (count == 1 && strcmp(requests[0], "stats") == 0)
        return target_open(target, "ctl", true) ? show_stats(target, patience) : STATUS_FAILED;
    if (count == 1 && is_word(requests[0]))
        return target_open(target, "ctl", true) ? ask_and_tell(target, requests[0], patience) : STATUS_FAILED;
    char *options = join_options(count, requests);
    if (options == NULL)
        return STATUS_WRONG_USAGE;
    int status = target_open(target, "ctl", true) ? ask_and_tell(target, options, patience) : STATUS_FAILED;
    free(options);
    return status;
}

static bool set_timeout(void *patience, const char *value)
{
    char *end;
    *(double *)patience = strtod(value, &end);
    if (end != value && *end == '\0' && *(double *)patience >= 0 && *(double *)patience <= 86400)
        return true;
    complain("ctl", "--timeout '%s' is wrong: it must be a number of seconds", value);
    return false;
}

int ctl_command(int count, char **arguments)
{
    static const struct argument_option options[] = {{"--timeout", "a number of seconds", set_timeout}, {NULL, NULL, NULL}};
    const struct argument_rules rules = {"ctl", options};
    struct argument_words words;
    double patience = 5;
    char *end;
    int status = read_arguments(&rules, count, arguments, &patience, &words);
    if (status != STATUS_FINE)
        return status;
    if (words.count < 2) {
        complain("ctl", "which process, and what is it to do?");
        return STATUS_WRONG_USAGE;
    }
    long pid = strtol(words.items[0], &end, 10);
    if (end == words.items[0] || *end != '\0' || pid <= 0 || pid > 1 << 30) {
        complain("ctl", "'%s' is no number of a process", words.items[0]);
        return STATUS_WRONG_USAGE;
    }
    struct target target = {.pid = (pid_t)pid, .memory = -1};
    status = perform(&target, words.count - 1, words.items + 1, patience);
    target_close(&target);
    return status;
}
