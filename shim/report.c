/* Reports: see report.h. What is logged once, what is counted, what is written; the parts of a report are in report_parts.h.
 *
 * A report is built in one static buffer under its own lock and written with one system call. No malloc, no stdio streams; may be called
 * from any thread with no other lock held. A signal handler that interrupts it on the same thread is only counted.
 */
#include "report_parts.h"
#include "clock.h"
#include "context.h"
#include "control.h"
#include "crash.h"
#include "kept.h"
#include "limits.h"
#include "log.h"
#include "suppressions.h"
#include "who.h"
#include "young.h"
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TRACKER (&holdfast_tracker)

static pthread_mutex_t report_lock = PTHREAD_MUTEX_INITIALIZER;
static __thread bool reporting __attribute__((tls_model("initial-exec"))); /* holds the lock, or is about to */
/* Inside report_violation(), which asks the dynamic linker for names: its lock must not be asked for again by a signal handler that interrupted just that. */
static __thread bool telling __attribute__((tls_model("initial-exec")));
static char report_text[96 * 1024];
static size_t report_used;
static char suppression_block[SUPPRESSION_BLOCK_BYTES]; /* with report_text */
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

bool report_joins_functions(unsigned rule)
{
    return rule == 101 || rule == 102 || rule == 107 || rule == 113;
}

/* ---- reports a minute: a bucket that holds as many as a minute allows, and fills again as time goes by --------------------------- */

static _Atomic uint64_t rate_ms; /* the time at which the bucket would be full, if nothing more were taken */
static _Atomic uint64_t left_out;
static _Atomic bool rate_told; /* since reports were left out last */

/* May one more be written now? */
static bool rate_allows(void)
{
    uint32_t rate = holdfast_options.log_rate;
    if (rate == 0)
        return true;
    const uint64_t minute = 60000, each = minute / rate > 0 ? minute / rate : 1, now = now_ms() + minute; /* never below zero */
    uint64_t full = atomic_load(&rate_ms), next;
    do {
        next = (full > now ? full : now) + each;
        if (next > now + minute)
            return false;
    } while (!atomic_compare_exchange_weak(&rate_ms, &full, next));
    return true;
}

/* Counted, and told when it begins. */
static void leave_out(void)
{
    atomic_fetch_add(&left_out, 1);
    tracker_count(TRACKER, COUNTER_left_out);
    if (atomic_exchange(&rate_told, true))
        return;
    char text[200];
    snprintf(text, sizeof text, "log_rate=%u reports a minute was reached: further ones are counted only, until there is room again; raise log_rate to see them", holdfast_options.log_rate);
    report_notice(text);
}

/* ... and when it is over. */
static void tell_left_out(void)
{
    static _Atomic uint64_t told;
    if (!atomic_load(&rate_told) || !atomic_exchange(&rate_told, false))
        return;
    char text[160];
    uint64_t all = atomic_load(&left_out), before = atomic_exchange(&told, all);
    snprintf(text, sizeof text, "%lu reports were left out meanwhile (log_rate=%u)", (unsigned long)(all - before), holdfast_options.log_rate);
    report_notice(text);
}

enum seen { SEEN_NEW, SEEN_BEFORE, SEEN_LEFT_OUT };

/* Signatures of what was logged, by their hash; 0: free. */
static _Atomic uint64_t logged[4096];

/* Was this violation logged before? */
static enum seen first_time(const struct violation *violation)
{
    uint64_t key = violation->rule * UINT64_C(0x9e3779b97f4a7c15);
    /* Leaks and growth are told by kind, and what may lose data apart: a line may make several. */
    uint64_t origin = violation->count > 0 ? (uint64_t)violation->kind << 1 | (violation->note[0] != '\0') : 0;
    const uint64_t parts[] = {place_key(violation->used), place_key(violation->obtained), place_key(violation->freed), place_key(violation->other) ^ origin,
                              violation->function};
    for (unsigned i = 0; i < (report_joins_functions(violation->rule) ? 4u : 5u); i++)
        key = (key ^ parts[i]) * UINT64_C(0xff51afd7ed558ccd), key ^= key >> 32;
    key |= 1;
    for (unsigned i = 0; i < 64; i++)
    {
        _Atomic uint64_t *slot = &logged[(key + i) & 4095];
        uint64_t known = atomic_load(slot);
        if (known == key)
            return SEEN_BEFORE;
        if (known != 0)
            continue;
        if (!rate_allows())
            return SEEN_LEFT_OUT; /* not marked: when there is room again it is told in full */
        if (atomic_compare_exchange_strong(slot, &known, key))
            return SEEN_NEW;
        if (known == key)
            return SEEN_BEFORE;
    }
    limit_reached(LIMIT_signatures);
    return SEEN_BEFORE; /* thousands of different ones: counted only */
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
                                 .function_name = tracker_string(TRACKER, function, strlen(function)),
                                 .task = who_task()[0] != '\0' ? tracker_string(TRACKER, who_task(), strlen(who_task())) : 0};
    tracker_event(TRACKER, &event);
}

static const struct log_entry plain_entry = {.priority = PRIORITY_information};

static void write_report(const struct log_entry *entry)
{
    if (!log_write(report_text, report_used, entry))
        tracker_count(TRACKER, COUNTER_dropped_reports);
}

/* What a violation is called at this level counts as an error of the process. */
static bool is_error(enum rule_level level)
{
    return level == LEVEL_error || level == LEVEL_fatal;
}

static void count_error(const struct rule *rule)
{
    atomic_fetch_add(&errors, 1);
    if (holdfast_options.verdict_path[0] == '\0')
        return;
    char line[64];
    snprintf(line, sizeof line, "HF%u %d\n", rule->number, (int)getpid());
    log_append_line(holdfast_options.verdict_path, line);
}

/* A sentence for the library's own error channel, which a refused call needs whatever is logged. */
static void sentence_text(const struct violation *violation, const struct rule *rule, const char *message, char *out, size_t bytes)
{
    struct place place = find_place(violation->has_death ? violation->freed : violation->obtained);
    char where[400];
    place_text(&place, where, sizeof where);
    snprintf(out, bytes, "Holdfast HF%u %s: %.300s (%s at %.300s)", rule->number, rule->name, message, violation->has_death ? "freed" : "obtained", where);
}

static void log_violation(const struct violation *violation, const struct rule *rule, enum rule_level level, const char *message)
{
    const struct remedy *remedy;
    char remedy_words[300];
    const char *file = holdfast_options.gen_suppressions_path;
    remedy_text(violation, remedy_words, sizeof remedy_words, &remedy);
    reporting = true;
    pthread_mutex_lock(&report_lock);
    report_used = 0;
    suppression_block[0] = '\0';
    if ((holdfast_options.gen_suppressions || file[0] != '\0') && suppressions_generate(violation, message, suppression_block, sizeof suppression_block) == 0)
        suppression_block[0] = '\0';
    if (suppression_block[0] != '\0' && file[0] != '\0')
    {
        log_append_line(file, suppression_block);
        suppression_block[0] = '\0';
    }
    void (*const writers[])(const struct violation *, const struct rule *, const char *, const char *, const char *, const struct remedy *, const char *) = {
        [FORMAT_text] = put_text, [FORMAT_json] = put_json, [FORMAT_otlp] = put_otlp};
    writers[holdfast_options.log_format](violation, rule, level_word(level), message, remedy_words, remedy, suppression_block);
    struct place place = {0};
    if (remedy != NULL)
        place = find_place(stack_to_change(violation, remedy));
    char id[16];
    snprintf(id, sizeof id, "HF%u", rule->number);
    struct log_entry entry = {.priority = is_error(level) ? PRIORITY_error : level == LEVEL_warn ? PRIORITY_warning : PRIORITY_notice, .rule = id};
    if (place.found && place.python)
        entry.file = place.file, entry.function = place.function, entry.line = place.line;
    else if (place.found)
        entry.function = place.native;
    write_report(&entry);
    pthread_mutex_unlock(&report_lock);
    reporting = false;
}

static bool is_wanted(enum rule_level level)
{
    return level != LEVEL_off && (level != LEVEL_advice || holdfast_options.advice);
}

bool report_wanted(unsigned rule)
{
    return is_wanted(rule_level(&holdfast_options.rules, rule));
}

/* A signal handler's, in the midst of another report of its thread: it could not be written, but it is not forgotten either. */
static bool count_interrupting(unsigned rule, enum rule_level level)
{
    if (!is_wanted(level))
        return false;
    atomic_fetch_add(&left_out, 1);
    tracker_count(TRACKER, COUNTER_left_out);
    tracker_count(TRACKER, COUNTER_violations);
    kept_count(rule);
    if (is_error(level))
        atomic_fetch_add(&errors, 1);
    return true;
}

static void log_or_count(const struct violation *violation, const struct rule *rule, enum rule_level level, const char *message)
{
    record_event(violation);
    tracker_count(TRACKER, COUNTER_violations);
    report_hold();
    kept_add(violation, level);
    report_let_go();
    if (is_error(level))
        count_error(rule);
    enum seen seen = first_time(violation);
    if (seen == SEEN_NEW)
    {
        limits_tell(true);
        tell_left_out();
        atomic_fetch_add(&violations, 1);
        atomic_fetch_add(&rule_counts[(violation->rule - 100) & 31], 1);
        log_violation(violation, rule, level, message);
    }
    else if (seen == SEEN_LEFT_OUT)
        leave_out();
    else
    {
        atomic_fetch_add(&repeats, 1);
        tracker_count(TRACKER, COUNTER_repeats);
    }
    if (level == LEVEL_fatal || (holdfast_options.halt_on_error && level == LEVEL_error))
        _exit(holdfast_options.exitcode != 0 ? (int)holdfast_options.exitcode : 1);
}

bool report_violation(const struct violation *violation, char *sentence, size_t sentence_bytes)
{
    const struct rule *rule = rule_by_number(violation->rule);
    enum rule_level level = rule_level(&holdfast_options.rules, violation->rule);
    char message[2 * DESCRIPTION_BYTES];
    message_text(violation, message, sizeof message);
    if (report_is_interrupted())
    {
        snprintf(sentence, sentence_bytes, "Holdfast HF%u %s: %.300s", rule->number, rule->name, message);
        return count_interrupting(violation->rule, level);
    }
    telling = true;
    sentence_text(violation, rule, message, sentence, sentence_bytes);
    bool wanted = is_wanted(level);
    if (wanted && !suppressions_cover(violation))
        log_or_count(violation, rule, level, message);
    telling = false;
    return wanted;
}

static void put_summary_json(uint64_t count, uint64_t again);
static void put_summary_text(uint64_t count, uint64_t again);
static void put_summary_otlp(uint64_t count, uint64_t again);

/* ---- for the program itself ---------------------------------------------------------------------------------------------- */

unsigned report_rule_of(uint64_t number)
{
    if (report_is_interrupted())
        return 0;
    report_hold();
    const struct kept *kept = kept_find(number);
    unsigned rule = kept != NULL ? kept->violation.rule : 0;
    report_let_go();
    return rule;
}

size_t report_text_of(uint64_t number, char *buffer, size_t bytes)
{
    char message[2 * DESCRIPTION_BYTES], words[300], task[WHO_TASK_BYTES];
    const struct remedy *remedy;
    size_t length = 0;
    if (report_is_interrupted())
        return 0;
    report_hold();
    const struct kept *kept = kept_find(number);
    if (kept != NULL) {
        const struct rule *rule = rule_by_number(kept->violation.rule);
        message_text(&kept->violation, message, sizeof message);
        remedy_text(&kept->violation, words, sizeof words, &remedy);
        report_used = 0;
        snprintf(task, sizeof task, "%s", who_task());
        who_name_task(kept->task); /* the report names whose mistake it was, not who asks */
        put_text(&kept->violation, rule, level_word(kept->level), message, words, remedy, "");
        who_name_task(task);
        length = report_used;
        if (bytes > 0)
            snprintf(buffer, bytes, "%s", report_text);
    }
    report_let_go();
    return length;
}

/* ---- of a crash ------------------------------------------------------------------------------------------------------------- */

/* The thread that crashed may be the one that was writing, and then never ends it; another one may be, and ends it soon. */
void report_crash_begin(void)
{
    const struct timespec moment = {.tv_nsec = 1000000};
    for (unsigned turn = 0; !reporting && turn < 1000 && pthread_mutex_trylock(&report_lock) != 0; turn++)
        nanosleep(&moment, NULL);
    reporting = true;
    report_used = 0;
}

/* What was put so far is written, and the next part begins. A part that failed is whole up to its last line in text, and nothing in JSON. */
void report_crash_write(void)
{
    write_report(&(const struct log_entry){.priority = PRIORITY_error});
    report_used = 0;
}

size_t report_position(void)
{
    return report_used;
}

void report_rewind(size_t position)
{
    report_used = position < report_used ? position : report_used;
}

void report_crash_summary(void)
{
    if (!holdfast_options.summary)
        return;
    report_used = 0;
    void (*const writers[])(uint64_t, uint64_t) = {[FORMAT_text] = put_summary_text, [FORMAT_json] = put_summary_json, [FORMAT_otlp] = put_summary_otlp};
    writers[holdfast_options.log_format](atomic_load(&violations), atomic_load(&repeats));
    write_report(&plain_entry);
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
    else if (holdfast_options.log_format == FORMAT_otlp)
    {
        put_otlp_begin("holdfast.notice", 9, text);
        put_otlp_end();
    }
    else
        put("==%d== Holdfast: %s\n", (int)getpid(), text);
    write_report(&plain_entry);
    pthread_mutex_unlock(&report_lock);
    reporting = false;
}

static bool is_worth_naming(const struct suppression_use *use)
{
    return use->count > 0 || (holdfast_options.unused_suppressions && suppressions_may_be_unused());
}

/* For one more suppression, with the longest path and all of it escaped: a list that was cut is no JSON. */
static bool has_room(void)
{
    return report_used + 16384 < sizeof report_text;
}

/* "{"name":...,"file":...,"line":3,"count":12}", a count of 0 for those that were not used. */
static void put_suppressions_json(void)
{
    struct suppression_use use;
    char name[200];
    bool first = true;
    put(",\"suppressed\":%lu,\"suppressions\":[", suppressions_matched());
    for (unsigned i = 0; suppressions_use(i, &use) && has_room(); i++)
    {
        if (!is_worth_naming(&use))
            continue;
        put("%s{\"name\":", first ? "" : ",");
        snprintf(name, sizeof name, "%s", use.name);
        put_json_string(name);
        put(",\"file\":");
        put_json_string(use.file);
        put(",\"line\":%u,\"count\":%lu}", use.line, use.count);
        first = false;
    }
    put("]");
}

static void put_suppressions_text(void)
{
    struct suppression_use use;
    int pid = (int)getpid();
    unsigned i = 0;
    for (; suppressions_use(i, &use) && has_room(); i++)
        if (use.count > 0)
            put("==%d== Holdfast: suppressed %lu time%s by '%.200s' (%s:%u)\n", pid, use.count, use.count == 1 ? "" : "s", use.name, use.file, use.line);
        else if (is_worth_naming(&use))
            put("==%d== Holdfast: the suppression '%.200s' (%s:%u) was not used\n", pid, use.name, use.file, use.line);
    if (suppressions_use(i, &use))
        put("==%d== Holdfast: further suppressions are not named\n", pid);
}

/* Anything to say of suppressions? */
static bool suppressions_say_something(void)
{
    struct suppression_use use;
    for (unsigned i = 0; suppressions_use(i, &use); i++)
        if (is_worth_naming(&use))
            return true;
    return false;
}

static void put_rule_counts(bool json)
{
    bool first = true;
    for (unsigned i = 0; i < 32; i++)
    {
        uint64_t number = atomic_load(&rule_counts[i]);
        if (number > 0)
            put(json ? "%s\"HF%u\":%lu" : "%sHF%u: %lu", first ? "" : json ? "," : ", ", i + 100, number);
        first = first && number == 0;
    }
}

static void put_summary_json(uint64_t count, uint64_t again)
{
    const uint64_t *counters = tracker_header(TRACKER)->counters;
    put_json_head("summary");
    put(",\"violations\":%lu,\"repeats\":%lu,\"refused\":%lu,\"held\":%lu,\"rules\":{", count, again, counters[COUNTER_refusals],
        counters[COUNTER_held]);
    put_rule_counts(true);
    put("}");
    put(",\"left_out\":%lu", (unsigned long)atomic_load(&left_out));
    if (crash_signal() != 0)
        put(",\"crash\":%d", crash_signal());
    put_suppressions_json();
    put("}\n");
}

static void put_summary_otlp(uint64_t count, uint64_t again)
{
    const uint64_t *counters = tracker_header(TRACKER)->counters;
    char text[160];
    snprintf(text, sizeof text, "%lu violations, %lu repeats, %lu refused", (unsigned long)count, (unsigned long)again, (unsigned long)counters[COUNTER_refusals]);
    put_otlp_begin("holdfast.summary", 9, text);
    put_otlp_number("holdfast.violations", count);
    put_otlp_number("holdfast.repeats", again);
    put_otlp_number("holdfast.refused", counters[COUNTER_refusals]);
    put_otlp_number("holdfast.held", counters[COUNTER_held]);
    put_otlp_number("holdfast.left_out", atomic_load(&left_out));
    put_otlp_number("holdfast.suppressed", suppressions_matched());
    if (crash_signal() != 0)
        put_otlp_number("holdfast.crash", (uint64_t)crash_signal());
    put_otlp_end();
}

static void put_summary_text(uint64_t count, uint64_t again)
{
    put("==%d== Holdfast summary: %lu violation%s", (int)getpid(), count, count == 1 ? "" : "s");
    if (count > 0)
    {
        put(" (");
        put_rule_counts(false);
        put(")");
    }
    put(", %lu repeat%s, %lu refused", again, again == 1 ? "" : "s", tracker_header(TRACKER)->counters[COUNTER_refusals]);
    if (suppressions_matched() > 0)
        put(", %lu suppressed", suppressions_matched());
    if (atomic_load(&left_out) > 0)
        put(", %lu left out", (unsigned long)atomic_load(&left_out));
    if (crash_signal() != 0)
        put(", 1 crash");
    put("\n");
    put_suppressions_text();
}

void report_summary(void)
{
    uint64_t count = atomic_load(&violations), again = atomic_load(&repeats);
    if ((count == 0 && atomic_load(&left_out) == 0 && !suppressions_say_something()) || !holdfast_options.summary || reporting)
        return;
    reporting = true;
    pthread_mutex_lock(&report_lock);
    report_used = 0;
    void (*const writers[])(uint64_t, uint64_t) = {[FORMAT_text] = put_summary_text, [FORMAT_json] = put_summary_json, [FORMAT_otlp] = put_summary_otlp};
    writers[holdfast_options.log_format](count, again);
    write_report(&plain_entry);
    pthread_mutex_unlock(&report_lock);
    reporting = false;
}

/* ---- what Holdfast counted of itself ------------------------------------------------------------------------------------ */

static const char *const counter_names[] = {
#define X(name, words) #name,
    ARENA_COUNTERS(X)
#undef X
};
static const char *const counter_words[] = {
#define X(name, words) words,
    ARENA_COUNTERS(X)
#undef X
};

/* Records in use of a section, and how many it can hold. Rings and buckets are always full. */
static bool section_fill(enum arena_section section, uint64_t *used, uint64_t *capacity)
{
    const struct arena_section_header *header = &tracker_header(TRACKER)->sections[section];
    *used = header->used > 0 ? header->used - 1u : 0;
    *capacity = header->capacity > 0 ? header->capacity - 1u : 0;
    return arena_section_words[section] != NULL && *capacity != 0;
}

static void put_stats_json(void)
{
    uint64_t used, capacity;
    put_json_head("stats");
    put(",\"counters\":{");
    for (unsigned i = 0; i < COUNTER_COUNT; i++)
        put("%s\"%s\":%lu", i > 0 ? "," : "", counter_names[i], tracker_header(TRACKER)->counters[i]);
    put("},\"arena\":{");
    for (unsigned i = 0, count = 0; i < SECTION_COUNT; i++)
        if (section_fill((enum arena_section)i, &used, &capacity))
            put("%s\"%s\":{\"used\":%lu,\"capacity\":%lu}", count++ > 0 ? "," : "", arena_section_words[i], used, capacity);
    put("},\"memory\":{");
    unsigned figures = 0;
#define X(name, words) put("%s\"%s\":%lu", figures++ > 0 ? "," : "", #name, (unsigned long)holdfast_control.memory_##name);
    CONTROL_MEMORY(X)
#undef X
    put("},\"arena_asked\":%lu}\n", (unsigned long)limits_arena_asked());
}

static void put_stats_otlp(void)
{
    char key[64];
    put_otlp_begin("holdfast.stats", 9, "what Holdfast counted of its own work");
    for (unsigned i = 0; i < COUNTER_COUNT; i++)
    {
        snprintf(key, sizeof key, "holdfast.counter.%s", counter_names[i]);
        put_otlp_number(key, tracker_header(TRACKER)->counters[i]);
    }
#define X(name, words) put_otlp_number("holdfast.memory." #name, holdfast_control.memory_##name);
    CONTROL_MEMORY(X)
#undef X
    put_otlp_number("holdfast.arena_asked", limits_arena_asked());
    put_otlp_end();
}

static void put_stats_text(void)
{
    uint64_t used, capacity;
    for (unsigned i = 0; i < COUNTER_COUNT; i++)
        put("==%d== Holdfast stats: %lu %s\n", (int)getpid(), tracker_header(TRACKER)->counters[i], counter_words[i]);
    for (unsigned i = 0; i < SECTION_COUNT; i++)
        if (section_fill((enum arena_section)i, &used, &capacity))
            put("==%d== Holdfast stats: %lu of %lu %s in the arena were used\n", (int)getpid(), used, capacity, arena_section_words[i]);
#define X(name, words) put("==%d== Holdfast stats: memory: %lu bytes: " words "\n", (int)getpid(), (unsigned long)holdfast_control.memory_##name);
    CONTROL_MEMORY(X)
#undef X
    put("==%d== Holdfast stats: memory: %lu bytes: of the arena, as it was asked for\n", (int)getpid(), (unsigned long)limits_arena_asked());
}

void report_stats(void)
{
    if (!holdfast_options.stats || reporting)
        return;
    limits_tell(true);
    control_measure();
    reporting = true;
    pthread_mutex_lock(&report_lock);
    report_used = 0;
    void (*const writers[])(void) = {[FORMAT_text] = put_stats_text, [FORMAT_json] = put_stats_json, [FORMAT_otlp] = put_stats_otlp};
    writers[holdfast_options.log_format]();
    write_report(&plain_entry);
    pthread_mutex_unlock(&report_lock);
    reporting = false;
}

/* ---- on request --------------------------------------------------------------------------------------------------------- */

#define HANDLES_WRITTEN 1000u

static void put_handle(const char *state, const char *description, const char *where, uint64_t address)
{
    if (holdfast_options.log_format == FORMAT_json)
    {
        put_json_head("handle");
        put(",\"state\":\"%s\",\"description\":", state);
        put_json_string(description);
        put(",\"address\":\"0x%lx\",\"place\":", (unsigned long)address);
        put_json_string(where);
        put("}\n");
    }
    else if (holdfast_options.log_format == FORMAT_otlp)
    {
        put_otlp_begin("holdfast.handle", 9, description);
        put_otlp_string("holdfast.handle.state", state);
        put_otlp_string("holdfast.handle.place", where);
        put_otlp_end();
    }
    else
        put("==%d== Holdfast dump: %s: %s, obtained at %s\n", (int)getpid(), state, description, where);
}

/* The next handle that is alive or held, behind `id`. */
static handle_id next_handle(handle_id id, char *description, size_t bytes, stack_id *birth, uint64_t *address, const char **state)
{
    handle_id found = 0;
    if (!tracker_lock(TRACKER))
        return 0;
    uint32_t used = tracker_header(TRACKER)->sections[SECTION_HANDLES].used;
    for (id++; id < used && found == 0; id++)
    {
        const struct handle_record *record = tracker_handle(TRACKER, id);
        if (record->state != HANDLE_LIVE && record->state != HANDLE_HELD)
            continue;
        found = id;
        *state = record->state == HANDLE_HELD ? "held" : record->flags & HANDLE_BORROWED ? "lent" : "live";
        *birth = record->birth_stack;
        *address = record->address;
        if (description != NULL)
            describe_handle(id, description, bytes);
    }
    tracker_unlock(TRACKER);
    return found;
}

uint64_t report_handles(void)
{
    char description[DESCRIPTION_BYTES], where[400], text[100];
    uint64_t count = 0, address;
    stack_id birth;
    const char *state;
    young_settle_everything();
    for (handle_id id = 0; (id = next_handle(id, count < HANDLES_WRITTEN ? description : NULL, sizeof description, &birth, &address, &state)) != 0; count++)
    {
        if (count >= HANDLES_WRITTEN)
            continue;
        struct place place = find_place(birth);
        place_text(&place, where, sizeof where);
        report_hold();
        report_used = 0;
        put_handle(state, description, where, address);
        write_report(&plain_entry);
        report_let_go();
    }
    snprintf(text, sizeof text, "%lu handles are alive%s", (unsigned long)count, count > HANDLES_WRITTEN ? "; the first 1000 are written above" : "");
    report_notice(text);
    return count;
}

void report_hold(void)
{
    reporting = true;
    pthread_mutex_lock(&report_lock);
}

void report_let_go(void)
{
    pthread_mutex_unlock(&report_lock);
    reporting = false;
}

bool report_try_hold(void)
{
    const struct timespec moment = {.tv_nsec = 1000000};
    if (report_is_interrupted())
        return false;
    for (unsigned turn = 0; turn < 300; turn++) {
        if (pthread_mutex_trylock(&report_lock) == 0) {
            reporting = true;
            return true;
        }
        nanosleep(&moment, NULL);
    }
    return false;
}

void report_begin(void)
{
    report_used = 0;
}

void report_write(void)
{
    write_report(&plain_entry);
}

bool report_is_interrupted(void)
{
    return reporting || telling;
}

uint64_t report_errors(void)
{
    return atomic_load(&errors);
}

void report_after_fork_child(void)
{
    pthread_mutex_init(&report_lock, NULL);
    reporting = telling = false;
    if (atomic_load(&violations) != 0)
        memset((void *)logged, 0, sizeof logged); /* the child's log is its own, and nobody finds in it what its parent's said */
    atomic_store(&violations, 0);
    atomic_store(&repeats, 0);
    atomic_store(&errors, 0);
    atomic_store(&left_out, 0);
    atomic_store(&rate_told, false);
    suppressions_after_fork_child();
    kept_after_fork_child();
    for (unsigned i = 0; i < 32; i++)
        atomic_store(&rule_counts[i], 0);
}

void report_check_log(void)
{
    log_check_path();
    otlp_activate();
}
