/* Reports: see report.h. What is logged once, what is counted, what is written; the parts of a report are in report_parts.h.
 *
 * A report is built in one static buffer under its own lock and written with one system call. No malloc, no stdio streams; may be called
 * from any thread with no other lock held. A signal handler that interrupts it on the same thread is only counted.
 */
#include "report_parts.h"
#include "context.h"
#include "log.h"
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TRACKER (&holdfast_tracker)

static pthread_mutex_t report_lock = PTHREAD_MUTEX_INITIALIZER;
static __thread bool reporting __attribute__((tls_model("initial-exec")));
static char report_text[96 * 1024];
static size_t report_used;
static _Atomic uint64_t violations, repeats, errors;
static _Atomic uint64_t rule_counts[32]; /* by number - 100 */

void put(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(report_text + report_used, sizeof report_text - report_used, format, arguments);
    va_end(arguments);
    if (length > 0)
        report_used += (size_t)length < sizeof report_text - report_used ? (size_t)length : sizeof report_text - report_used - 1;
}

/* False when this violation was logged before. */
static bool first_time(const struct violation *violation)
{
    static _Atomic uint64_t seen[4096];
    uint64_t key = violation->rule * UINT64_C(0x9e3779b97f4a7c15);
    const uint64_t parts[] = {place_key(violation->used), place_key(violation->obtained), place_key(violation->freed), place_key(violation->other),
                              violation->function};
    for (unsigned i = 0; i < (violation->rule == 101 || violation->rule == 102 || violation->rule == 107 || violation->rule == 113 ? 4u : 5u); i++)
        key = (key ^ parts[i]) * UINT64_C(0xff51afd7ed558ccd), key ^= key >> 32;
    key |= 1;
    for (unsigned i = 0; i < 64; i++)
    {
        _Atomic uint64_t *slot = &seen[(key + i) & 4095];
        uint64_t expected = 0;
        if (atomic_compare_exchange_strong(slot, &expected, key))
            return true;
        if (expected == key)
            return false;
    }
    return false; /* thousands of different ones: counted only */
}

static void record_event(const struct violation *violation)
{
    const char *function = function_table[violation->function].name;
    struct event_record event = {.type = EVENT_violation,
                                 .address = violation->address,
                                 .stack = violation->used,
                                 .rule = (uint16_t)violation->rule,
                                 .function = violation->function,
                                 .kind = violation->kind,
                                 .action = (uint16_t)violation->action,
                                 .birth_stack = violation->obtained,
                                 .death_stack = violation->freed,
                                 .label = tracker_string(TRACKER, violation->handle, strlen(violation->handle)),
                                 .detail = tracker_string(TRACKER, violation->parent, strlen(violation->parent)),
                                 .function_name = tracker_string(TRACKER, function, strlen(function))};
    tracker_event(TRACKER, &event);
}

static void write_report(void)
{
    if (!log_write(report_text, report_used))
        tracker_count(TRACKER, COUNTER_dropped_reports);
}

void report_violation(const struct violation *violation, char *sentence, size_t sentence_bytes)
{
    const struct rule *rule = rule_by_number(violation->rule);
    char message[2 * DESCRIPTION_BYTES];
    message_text(violation, message, sizeof message);
    struct place freed = place_of(violation->has_death ? violation->freed : violation->obtained);
    char where[400];
    place_text(&freed, where, sizeof where);
    snprintf(sentence, sentence_bytes, "Holdfast HF%u %s: %.300s (%s at %.300s)", rule->number, rule->name, message,
             violation->has_death ? "freed" : "obtained", where);
    if (rule->severity == SEVERITY_advice && !holdfast_options.advice)
        return;
    if (reporting)
        return;
    record_event(violation);
    tracker_count(TRACKER, COUNTER_violations);
    if (rule->severity == SEVERITY_error)
        atomic_fetch_add(&errors, 1);
    if (holdfast_options.verdict_path[0] != '\0' && rule->severity == SEVERITY_error)
    {
        char line[64];
        snprintf(line, sizeof line, "HF%u %d\n", rule->number, (int)getpid());
        log_append_line(holdfast_options.verdict_path, line);
    }
    if (!first_time(violation))
    {
        atomic_fetch_add(&repeats, 1);
        tracker_count(TRACKER, COUNTER_repeats);
        return;
    }
    atomic_fetch_add(&violations, 1);
    atomic_fetch_add(&rule_counts[(violation->rule - 100) & 31], 1);
    const struct remedy *remedy;
    char remedy_words[300];
    remedy_text(violation, remedy_words, sizeof remedy_words, &remedy);
    reporting = true;
    pthread_mutex_lock(&report_lock);
    report_used = 0;
    (holdfast_options.log_format == FORMAT_json ? put_json : put_text)(violation, rule, message, remedy_words, remedy);
    write_report();
    pthread_mutex_unlock(&report_lock);
    reporting = false;
    if (holdfast_options.halt_on_error && rule->severity == SEVERITY_error)
        _exit(holdfast_options.exitcode != 0 ? (int)holdfast_options.exitcode : 1);
}

void report_notice(const char *text)
{
    if (reporting)
        return;
    reporting = true;
    pthread_mutex_lock(&report_lock);
    report_used = 0;
    if (holdfast_options.log_format == FORMAT_json)
    {
        put_json_head("notice");
        put(",\"message\":");
        put_json_string(text);
        put("}\n");
    }
    else
        put("==%d== Holdfast: %s\n", (int)getpid(), text);
    write_report();
    pthread_mutex_unlock(&report_lock);
    reporting = false;
}

void report_summary(void)
{
    uint64_t count = atomic_load(&violations), again = atomic_load(&repeats);
    if (count == 0 || !holdfast_options.summary || reporting)
        return;
    const uint64_t *counters = tracker_header(TRACKER)->counters;
    bool json = holdfast_options.log_format == FORMAT_json;
    reporting = true;
    pthread_mutex_lock(&report_lock);
    report_used = 0;
    if (json)
    {
        put_json_head("summary");
        put(",\"violations\":%lu,\"repeats\":%lu,\"refused\":%lu,\"held\":%lu,\"rules\":{", count, again, counters[COUNTER_refusals],
            counters[COUNTER_held]);
    }
    else
        put("==%d== Holdfast summary: %lu violation%s (", (int)getpid(), count, count == 1 ? "" : "s");
    bool first = true;
    for (unsigned i = 0; i < 32; i++)
    {
        uint64_t number = atomic_load(&rule_counts[i]);
        if (number > 0)
            put(json ? "%s\"HF%u\":%lu" : "%sHF%u: %lu", first ? "" : json ? "," : ", ", i + 100, number);
        first = first && number == 0;
    }
    if (json)
        put("}}\n");
    else
        put("), %lu repeat%s, %lu refused\n", again, again == 1 ? "" : "s", counters[COUNTER_refusals]);
    write_report();
    pthread_mutex_unlock(&report_lock);
    reporting = false;
}

uint64_t report_errors(void)
{
    return atomic_load(&errors);
}

void report_after_fork_child(void)
{
    pthread_mutex_init(&report_lock, NULL);
    reporting = false;
    atomic_store(&violations, 0);
    atomic_store(&repeats, 0);
    atomic_store(&errors, 0);
    for (unsigned i = 0; i < 32; i++)
        atomic_store(&rule_counts[i], 0);
}

void report_check_log(void)
{
    log_check_path();
}
