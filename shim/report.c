/* Reports: see report.h.
 *
 * A report is built in one static buffer under its own lock and written with one system call. No malloc, no stdio streams; may be called
 * from any thread with no other lock held. A signal handler that interrupts it on the same thread is only counted.
 */
#include "report.h"
#include "context.h"
#include "log.h"
#include "stack.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define TRACKER (&holdfast_tracker)

static pthread_mutex_t report_lock = PTHREAD_MUTEX_INITIALIZER;
static __thread bool reporting __attribute__((tls_model("initial-exec")));
static char report_text[96 * 1024];
static size_t report_used;
static _Atomic uint64_t violations, repeats, errors;
static _Atomic uint64_t rule_counts[32]; /* by number - 100 */

static __attribute__((format(printf, 1, 2))) void put(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(report_text + report_used, sizeof report_text - report_used, format, arguments);
    va_end(arguments);
    if (length > 0)
        report_used += (size_t)length < sizeof report_text - report_used ? (size_t)length : sizeof report_text - report_used - 1;
}

/* ---- what a stack says --------------------------------------------------------------------------------------------- */

/* One place in somebody's code: a Python line, or a native frame. */
struct place {
    bool python, found;
    const char *file, *function;
    uint32_t line;
    char native[160];
    char text[200]; /* the line itself, "" if it cannot be read */
};

static const struct stack_record *stack_of(stack_id id)
{
    return tracker_record(TRACKER, SECTION_STACKS, id);
}

static uint64_t stack_word(const struct stack_record *stack, unsigned index)
{
    const uint64_t *word = tracker_record(TRACKER, SECTION_WORDS, stack->first_word + index);
    return word != NULL ? *word : 0;
}

static const struct python_frame_record *python_frame(const struct stack_record *stack, unsigned index)
{
    return tracker_record(TRACKER, SECTION_PYTHON_FRAMES, (uint32_t)stack_word(stack, index));
}

/* Code that users do not change: the bindings and the libraries. */
static bool is_library_code(const char *file)
{
    static const char *const parts[] = {"/osgeo/", "/site-packages/", "/dist-packages/", "/lib/python3", "<frozen"};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (strstr(file, parts[i]) != NULL)
            return true;
    return false;
}

static void trim_line(char *out, size_t bytes, const char *start, const char *end)
{
    while (start < end && (*start == ' ' || *start == '\t'))
        start++;
    size_t length = (size_t)(end - start) < bytes - 1 ? (size_t)(end - start) : bytes - 1;
    memcpy(out, start, length);
    while (length > 0 && (out[length - 1] == '\r' || out[length - 1] == ' '))
        length--;
    out[length] = '\0';
}

/* The text of one source line, as tracebacks show it. Only of regular files, only their first megabyte, never blocking. */
static void read_source_line(const char *file, uint32_t line, char *out, size_t bytes)
{
    struct stat status;
    out[0] = '\0';
    int error = errno;
    int descriptor = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (descriptor < 0 || fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode))
    {
        if (descriptor >= 0)
            close(descriptor);
        errno = error;
        return;
    }
    char chunk[4096], found[256];
    size_t kept = 0;
    uint32_t current = 1;
    bool complete = false;
    ssize_t count = 0;
    for (unsigned chunks = 0; chunks < 256 && !complete && (count = read(descriptor, chunk, sizeof chunk)) > 0; chunks++)
        for (ssize_t i = 0; i < count && !complete; i++)
        {
            if (current == line && chunk[i] != '\n' && kept < sizeof found)
                found[kept++] = chunk[i];
            if (chunk[i] == '\n' && current++ == line)
                complete = true;
        }
    close(descriptor);
    if (complete || (current == line && count == 0))
        trim_line(out, bytes, found, found + kept);
    errno = error;
}

static void native_text(uint64_t word, char *out, size_t bytes)
{
    char symbol[96];
    const char *module = stack_native_name(word, symbol, sizeof symbol);
    const char *slash = strrchr(module, '/');
    const char *base = slash != NULL ? slash + 1 : module;
    unsigned long offset = (unsigned long)(word & STACK_OFFSET_MASK);
    if (symbol[0] != '\0')
        snprintf(out, bytes, "%s (%s+0x%lx)", symbol, base, offset);
    else
        snprintf(out, bytes, "%s+0x%lx", base, offset);
}

/* The line of the user's code in a stack: the innermost Python frame that is not a library's, else the innermost native frame. */
static struct place place_of(stack_id id)
{
    struct place place = {0};
    const struct stack_record *stack = stack_of(id);
    if (stack == NULL)
        return place;
    if (stack->python_count > 0)
    {
        const struct python_frame_record *best = python_frame(stack, 0);
        for (unsigned i = 0; i < stack->python_count; i++)
        {
            const struct python_frame_record *frame = python_frame(stack, i);
            if (frame != NULL && !is_library_code(tracker_text(TRACKER, frame->file)))
            {
                best = frame;
                break;
            }
        }
        if (best == NULL)
            return place;
        place.python = place.found = true;
        place.file = tracker_text(TRACKER, best->file);
        place.function = tracker_text(TRACKER, best->function);
        place.line = best->line;
        read_source_line(place.file, place.line, place.text, sizeof place.text);
    }
    else if (stack->native_count > 0)
    {
        place.found = true;
        native_text(stack_word(stack, 0), place.native, sizeof place.native);
    }
    return place;
}

static void place_text(const struct place *place, char *out, size_t bytes)
{
    if (!place->found)
        snprintf(out, bytes, "an unknown place");
    else if (place->python)
        snprintf(out, bytes, "%s:%u in %s", place->file, place->line, place->function);
    else
        snprintf(out, bytes, "%s", place->native);
}

/* What makes two reports the same: the user's line, not the library frames above it. */
static uint64_t place_key(stack_id id)
{
    const struct stack_record *stack = stack_of(id);
    if (stack == NULL)
        return 0;
    if (stack->python_count == 0)
        return stack->native_count > 0 ? stack_word(stack, 0) : 0;
    for (unsigned i = 0; i < stack->python_count; i++)
    {
        const struct python_frame_record *frame = python_frame(stack, i);
        if (frame != NULL && !is_library_code(tracker_text(TRACKER, frame->file)))
            return stack_word(stack, i) + 1;
    }
    return stack_word(stack, 0) + 1;
}

/* ---- words ------------------------------------------------------------------------------------------------------------ */

static void describe_one(const struct handle_record *record, char *buffer, size_t bytes)
{
    const char *words = record->kind < KIND_COUNT ? kind_table[record->kind].words : "handle";
    if (record->flags & HANDLE_NUMBER)
        snprintf(buffer, bytes, "%s %d", words, (int32_t)record->label);
    else if (record->label != 0)
        snprintf(buffer, bytes, "%s '%s'", words, tracker_text(TRACKER, record->label));
    else
        snprintf(buffer, bytes, "%s", words);
}

void describe_handle(handle_id id, char *buffer, size_t bytes)
{
    size_t used = 0;
    buffer[0] = '\0';
    for (unsigned depth = 0; depth < 4 && id != 0; depth++)
    {
        const struct handle_record *record = tracker_handle(TRACKER, id);
        if (record == NULL || used + 8 >= bytes)
            return;
        used += (size_t)snprintf(buffer + used, bytes - used, "%s", depth > 0 ? " of " : "");
        describe_one(record, buffer + used, bytes - used);
        used = strlen(buffer);
        const struct edge_record *edge = tracker_edge(TRACKER, record->first_parent);
        /* What it merely holds a reference to (a feature its definition) does not tell where it is. */
        while (edge != NULL && edge->type == EDGE_ADVICE && kind_table[tracker_handle(TRACKER, edge->parent)->kind].reference != NULL)
            edge = tracker_edge(TRACKER, edge->next_of_child);
        id = edge != NULL ? edge->parent : 0;
    }
}

void violation_describe(struct violation *violation, unsigned rule, uint16_t function, handle_id id, handle_id dead)
{
    const struct handle_record *record = tracker_handle(TRACKER, id);
    const struct handle_record *killer = tracker_handle(TRACKER, dead);
    violation->rule = rule;
    violation->function = function;
    if (record == NULL)
        return;
    violation->address = record->address;
    violation->kind = record->kind;
    violation->provider = record->provider;
    describe_handle(id, violation->handle, sizeof violation->handle);
    violation->has_birth = record->birth_stack != 0;
    violation->birth_function = record->birth_function;
    violation->obtained = record->loan_stack != 0 ? record->loan_stack : record->birth_stack;
    const struct handle_record *gone = killer != NULL && record->death_stack == 0 ? killer : record;
    if (killer != NULL && (killer->state == HANDLE_HELD || killer->state == HANDLE_BURIED || rule == 106))
        gone = killer;
    if (record->state == HANDLE_BURIED)
        gone = record;
    violation->has_death = gone->death_stack != 0 && rule != 111;
    violation->freed = violation->has_death ? gone->death_stack : 0;
    violation->death_function = gone->death_function;
    if (killer != NULL && dead != id)
    {
        describe_handle(dead, violation->parent, sizeof violation->parent);
        violation->parent_kind = killer->kind;
        violation->parent_address = killer->address;
    }
}

/* Which stack holds the line to change, and what to do there. %P: the parent's kind, %H: the handle's kind. */
struct remedy {
    unsigned rule;
    enum { CHANGE_FREED, CHANGE_USED } where;
    const char *text;
};
static const struct remedy remedies[] = {
    {101, CHANGE_FREED, "keep the %P alive until the %H is no longer used, or free it later"},
    {102, CHANGE_FREED, "free the %H after its last use"},
    {103, CHANGE_USED, "drop this second free: the %H has one owner"},
    {104, CHANGE_USED, "leave the %H to its %P: free or give away a clone if you need one of your own"},
    {105, CHANGE_USED, "drop this: the %H was given away and belongs to its taker now; pass a clone to keep one"},
    {106, CHANGE_FREED, "free the %H before the %P"},
    {107, CHANGE_USED, "fetch the %H again after the call that replaced it"},
    {111, CHANGE_USED, "pass data (a file name, WKB) between packages that bring their own copy of the library, not handles"},
    {114, CHANGE_USED, "drop this release, or take a reference first"},
    {118, CHANGE_FREED, "end the library after the last use of the %H"},
};

static void remedy_text(const struct violation *violation, char *out, size_t bytes, const struct remedy **chosen)
{
    static const struct remedy member = {105, CHANGE_FREED, "drop this free: the member was given away; pass a clone to keep one"};
    const struct remedy *remedy = violation->by_member ? &member : NULL;
    for (size_t i = 0; i < sizeof remedies / sizeof remedies[0]; i++)
        if (remedy == NULL && remedies[i].rule == violation->rule)
            remedy = &remedies[i];
    *chosen = remedy;
    out[0] = '\0';
    size_t used = 0;
    for (const char *text = remedy != NULL ? remedy->text : ""; *text != '\0' && used + 1 < bytes; text++)
    {
        const char *insert = text[0] == '%' && text[1] == 'P'   ? violation->parent[0] != '\0' ? kind_table[violation->parent_kind].words : "owner"
                             : text[0] == '%' && text[1] == 'H' ? kind_table[violation->kind].words
                                                                : NULL;
        if (insert != NULL)
        {
            used += (size_t)snprintf(out + used, bytes - used, "%s", insert);
            used = used < bytes ? used : bytes - 1;
            text++;
        }
        else
        {
            out[used++] = *text;
            out[used] = '\0';
        }
    }
}

static const char *past_tense(const struct violation *violation)
{
    if (violation->by_member)
        return violation->freeing ? "was freed after a member that it had taken was freed" : "was used after a member that it had taken was freed";
    switch (violation->rule)
    {
    case 103:
        return "was freed a second time";
    case 104:
        return violation->giving ? "is borrowed, but was given away" : "is borrowed, but was freed";
    case 105:
        return violation->freeing ? "was freed or given away again after a call took it" : "was used after a call took and destroyed it";
    case 114:
        return "was released more often than referenced";
    case 111:
        return "belongs to another loaded copy of the library";
    default:
        return violation->freeing && violation->rule != 106 ? "was freed" : "was used";
    }
}

/* "band 1 of dataset 'r.tif' was used after dataset 'r.tif' was freed" */
static void message_text(const struct violation *violation, char *out, size_t bytes)
{
    const char *dead = violation->parent[0] != '\0' ? violation->parent : NULL;
    switch (violation->rule)
    {
    case 101:
        snprintf(out, bytes, violation->action == ACTION_free_refused ? "%.300s %s after the free of %.300s was refused" : "%.300s %s after %.300s was freed",
                 violation->handle, past_tense(violation), dead != NULL ? dead : "its parent");
        break;
    case 102:
        snprintf(out, bytes, "%s was used after %s", violation->handle, violation->action == ACTION_free_refused ? "its free was refused" : "it was freed");
        break;
    case 106:
        snprintf(out, bytes, "%.300s was freed while %.300s was alive", dead != NULL ? dead : "a parent", violation->handle);
        break;
    case 107:
        snprintf(out, bytes, "%s %s after %s replaced it", violation->handle, past_tense(violation),
                 violation->has_death ? function_table[violation->death_function].name : "a call");
        break;
    case 118:
        snprintf(out, bytes, "%s %s after its library was ended", violation->handle, past_tense(violation));
        break;
    default:
        snprintf(out, bytes, "%s %s", violation->handle, past_tense(violation));
    }
}

/* ---- text --------------------------------------------------------------------------------------------------------------- */

static void put_stack_text(const char *title, stack_id id, uint16_t function, bool has_function)
{
    int pid = (int)getpid();
    const struct stack_record *stack = stack_of(id);
    struct place place = place_of(id);
    char where[400];
    place_text(&place, where, sizeof where);
    put("==%d==   %-9s %s%s%s%s%s\n", pid, title, where, has_function ? ", by " : "", has_function ? function_table[function].name : "",
        place.text[0] != '\0' ? ":  " : "", place.text);
    if (stack == NULL)
        return;
    unsigned natives = stack->native_count;
    if (stack->python_count + natives <= 1)
        return;
    unsigned number = 0;
    for (unsigned i = 0; i < stack->python_count; i++)
    {
        const struct python_frame_record *frame = python_frame(stack, i);
        if (frame != NULL)
            put("==%d==     #%-2u %s:%u in %s\n", pid, number++, tracker_text(TRACKER, frame->file), frame->line,
                tracker_text(TRACKER, frame->function));
    }
    if (stack->python_count > 0 && natives > 0)
        put("==%d==     and there in native code\n", pid);
    for (unsigned i = 0; i < natives; i++)
    {
        char native[200];
        native_text(stack_word(stack, stack->python_count + i), native, sizeof native);
        if (strstr(native, "libholdfast.so") != NULL)
            continue; /* between the interpreter and a proxy's death: no news for anybody */
        put("==%d==     #%-2u %s\n", pid, number++, native);
    }
    if (stack->flags != 0)
        put("==%d==     ... (deeper frames left out: stack_depth=%u)\n", pid, holdfast_options.stack_depth);
}

static void put_text(const struct violation *violation, const struct rule *rule, const char *message, const char *remedy_words,
                     const struct remedy *remedy)
{
    int pid = (int)getpid();
    put("==%d== Holdfast HF%u %s (%s): %s\n", pid, rule->number, rule->name, severity_name(rule->severity), message);
    if (violation->rule != 106 || violation->used != violation->freed)
        put_stack_text(violation->freeing ? "freed now" : "used", violation->used, violation->function, true);
    if (violation->has_birth)
        put_stack_text("obtained", violation->obtained, violation->birth_function, true);
    if (violation->has_death)
        put_stack_text(violation->rule == 107 ? "replaced" : violation->rule == 105 && !violation->by_member ? "given" : "freed", violation->freed, violation->death_function, true);
    put("==%d==   Holdfast  %s%s%s\n", pid, action_words(violation->action), violation->note[0] != '\0' ? "; " : "", violation->note);
    if (remedy != NULL)
    {
        struct place place = place_of(remedy->where == CHANGE_FREED && violation->has_death ? violation->freed : violation->used);
        char where[400];
        place_text(&place, where, sizeof where);
        put("==%d==   change    %s:  %s\n", pid, where, remedy_words);
    }
    put("==%d== \n", pid);
}

/* ---- JSON ---------------------------------------------------------------------------------------------------------------- */

/* Bytes of the UTF-8 sequence that starts here, 0 if it is not one: file names may be anything. */
static unsigned utf8_length(const unsigned char *text)
{
    unsigned length = text[0] < 0x80 ? 1 : text[0] >= 0xc2 && text[0] < 0xe0 ? 2 : text[0] >= 0xe0 && text[0] < 0xf0 ? 3 : text[0] >= 0xf0 && text[0] < 0xf5 ? 4 : 0;
    for (unsigned i = 1; i < length; i++)
        if ((text[i] & 0xc0) != 0x80)
            return 0;
    if ((text[0] == 0xe0 && text[1] < 0xa0) || (text[0] == 0xed && text[1] > 0x9f) || (text[0] == 0xf0 && text[1] < 0x90) || (text[0] == 0xf4 && text[1] > 0x8f))
        return 0;
    return length;
}

static void put_json_string(const char *text)
{
    put("\"");
    for (; *text != '\0'; text++)
    {
        unsigned char c = (unsigned char)*text;
        unsigned length = utf8_length((const unsigned char *)text);
        if (length != 1)
        {
            if (length == 0)
                put("\\ufffd");
            else
                put("%.*s", (int)length, text);
            text += length > 1 ? length - 1 : 0;
            continue;
        }
        if (c == '"' || c == '\\')
            put("\\%c", c);
        else if (c < 0x20 || c == 0x7f)
            put("\\u%04x", c);
        else
            put("%c", c);
    }
    put("\"");
}

static void put_json_stack(const char *name, stack_id id, uint16_t function, bool present)
{
    const struct stack_record *stack = stack_of(id);
    put("\"%s\":", name);
    if (!present || stack == NULL)
    {
        put("null");
        return;
    }
    put("{\"function\":\"%s\",\"python\":[", function_table[function].name);
    for (unsigned i = 0; i < stack->python_count; i++)
    {
        const struct python_frame_record *frame = python_frame(stack, i);
        put("%s{\"file\":", i > 0 ? "," : "");
        put_json_string(frame != NULL ? tracker_text(TRACKER, frame->file) : "");
        put(",\"line\":%u,\"function\":", frame != NULL ? frame->line : 0);
        put_json_string(frame != NULL ? tracker_text(TRACKER, frame->function) : "");
        put("}");
    }
    put("],\"native\":[");
    for (unsigned i = 0; i < stack->native_count; i++)
    {
        char symbol[96];
        uint64_t word = stack_word(stack, stack->python_count + i);
        const char *module = stack_native_name(word, symbol, sizeof symbol);
        put("%s{\"module\":", i > 0 ? "," : "");
        put_json_string(module);
        put(",\"offset\":\"0x%lx\",\"symbol\":", (unsigned long)(word & STACK_OFFSET_MASK));
        put_json_string(symbol);
        put("}");
    }
    put("]}");
}

static void put_json_head(const char *type)
{
    struct timespec now;
    struct tm parts;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &parts);
    put("{\"schema\":1,\"type\":\"%s\",\"time\":\"%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ\",\"pid\":%d,\"thread\":%d,\"program\":", type,
        parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, now.tv_nsec / 1000000,
        (int)getpid(), (int)gettid());
    put_json_string(program_invocation_short_name);
}

static void put_json(const struct violation *violation, const struct rule *rule, const char *message, const char *remedy_words,
                     const struct remedy *remedy)
{
    static const char *const modes[] = {"report", "defer", "reject"};
    put_json_head("violation");
    put(",\"rule\":\"HF%u\",\"name\":\"%s\",\"severity\":\"%s\",\"message\":", rule->number, rule->name, severity_name(rule->severity));
    put_json_string(message);
    put(",\"mode\":\"%s\",\"action\":\"%s\",\"function\":\"%s\",\"note\":", modes[holdfast_options.mode], action_name(violation->action),
        function_table[violation->function].name);
    put_json_string(violation->note);
    const struct provider *provider = provider_by_number(violation->provider);
    put(",\"handle\":{\"kind\":\"%s\",\"address\":\"0x%lx\",\"description\":", kind_table[violation->kind].name, (unsigned long)violation->address);
    put_json_string(violation->handle);
    put(",\"library\":");
    put_json_string(provider != NULL ? provider->path : "");
    put("},\"parents\":[");
    if (violation->parent[0] != '\0')
    {
        put("{\"kind\":\"%s\",\"address\":\"0x%lx\",\"description\":", kind_table[violation->parent_kind].name, (unsigned long)violation->parent_address);
        put_json_string(violation->parent);
        put("}");
    }
    put("],\"change\":");
    struct place place = {0};
    if (remedy != NULL)
        place = place_of(remedy->where == CHANGE_FREED && violation->has_death ? violation->freed : violation->used);
    if (place.found && place.python)
    {
        put("{\"file\":");
        put_json_string(place.file);
        put(",\"line\":%u,\"text\":", place.line);
        put_json_string(place.text);
        put("}");
    }
    else
        put("null");
    put(",\"remedy\":");
    put_json_string(remedy_words);
    put(",\"stacks\":{");
    put_json_stack("used", violation->used, violation->function, true);
    put(",");
    put_json_stack("obtained", violation->obtained, violation->birth_function, violation->has_birth);
    put(",");
    put_json_stack("freed", violation->freed, violation->death_function, violation->has_death);
    put("}}\n");
}

/* ---- the interface ----------------------------------------------------------------------------------------------------------- */

/* False when this violation was logged before. */
static bool first_time(const struct violation *violation)
{
    static _Atomic uint64_t seen[4096];
    uint64_t key = violation->rule * UINT64_C(0x9e3779b97f4a7c15);
    const uint64_t parts[] = {place_key(violation->used), place_key(violation->obtained), place_key(violation->freed), violation->function};
    for (unsigned i = 0; i < (violation->rule == 101 || violation->rule == 102 || violation->rule == 107 ? 3u : 4u); i++)
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
