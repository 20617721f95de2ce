/* Suppressions in the running process: see suppressions.h.
 *
 * The files are read once, at activation, into fixed tables; afterwards those are only read. What is known here of a stack are Python files and
 * lines, modules and their exported symbols; what needs debug information is matched by `holdfast report --suppressions`. No malloc;
 * suppressions_cover() in any thread with no lock held.
 */
#include "suppressions.h"
#include "context.h"
#include "log.h"
#include "report_parts.h"
#include "stack.h"
#include "suppress.h"
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TRACKER (&holdfast_tracker)
/* Complaints about one file; further ones are only counted. */
#define COMPLAINTS_SHOWN 8

static struct suppressions table;
static _Atomic uint64_t matches[SUPPRESSION_MAX];
static bool in_fork_child;

/* ---- reading -------------------------------------------------------------------------------------------------------------- */

static void complain_some(const char *sentence, void *context)
{
    unsigned *complaints = context;
    char line[480];
    if ((*complaints)++ >= COMPLAINTS_SHOWN)
        return;
    snprintf(line, sizeof line, "suppressions: %s", sentence);
    log_complain(line);
}

/* Of a long path the end says more than the beginning. */
static const char *shown_path(const char *path)
{
    size_t length = strlen(path);
    return length > 200 ? path + length - 200 : path;
}

static void complain_file(const char *path, const char *problem)
{
    char line[480];
    snprintf(line, sizeof line, "suppressions: '%s' %s", shown_path(path), problem);
    log_complain(line);
}

static void load_file(const char *path)
{
    struct stat status;
    size_t room, used = 0;
    char *text = suppressions_room(&table, &room), more;
    unsigned complaints = 0;
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (descriptor < 0)
    {
        char problem[120];
        snprintf(problem, sizeof problem, "cannot be read (%s): check the path; nothing of it is suppressed", strerrorname_np(errno) != NULL ? strerrordesc_np(errno) : "unknown error");
        complain_file(path, problem);
        return;
    }
    if (fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode))
        complain_file(path, "is no regular file: give a text file; nothing of it is suppressed");
    else
    {
        ssize_t count;
        while (used < room && ((count = read(descriptor, text + used, room - used)) > 0 || (count < 0 && errno == EINTR)))
            used += count > 0 ? (size_t)count : 0;
        bool longer = used == room && read(descriptor, &more, 1) == 1;
        suppressions_parse(&table, path, used, complain_some, &complaints);
        if (longer)
            complain_file(path, "is too long, all files together may have 128 KiB: what lies beyond is left out; join entries by wildcards");
    }
    close(descriptor);
    if (complaints > COMPLAINTS_SHOWN)
    {
        char line[320];
        snprintf(line, sizeof line, "suppressions: %s has %u more mistakes", shown_path(path), complaints - COMPLAINTS_SHOWN);
        log_complain(line);
    }
}

void suppressions_load(void)
{
    int error = errno;
    const option_files *files = &holdfast_options.suppressions;
    for (size_t at = 0; at < files->used; at += strlen(files->text + at) + 1)
        load_file(files->text + at);
    errno = error;
}

/* ---- matching ------------------------------------------------------------------------------------------------------------ */

static bool stack_matches(const struct suppression_part *part, stack_id id, uint16_t function)
{
    const struct stack_record *stack = stack_of(id);
    struct suppression_frame api = {.function = function_table[function].name};
    uint64_t place = place_key(id); /* as the reports: a word, Python's plus 1 */
    if (suppression_part_matches(&table, part, &api))
        return true;
    if (stack == NULL)
        return false;
    for (unsigned i = 0; i < stack->python_count; i++)
    {
        const struct python_frame_record *frame = python_frame(stack, i);
        if (frame == NULL)
            continue;
        struct suppression_frame words = {.function = tracker_text(TRACKER, frame->function), .file = tracker_text(TRACKER, frame->file), .line = frame->line,
                                          .is_place = stack_word(stack, i) + 1 == place};
        if (suppression_part_matches(&table, part, &words))
            return true;
    }
    for (unsigned i = 0; i < stack->native_count; i++)
    {
        char symbol[96];
        uint64_t word = stack_word(stack, stack->python_count + i);
        struct suppression_frame words = {.module = stack_native_name(word, symbol, sizeof symbol), .offset = word & STACK_OFFSET_MASK,
                                          .is_place = stack->python_count == 0 && i == 0};
        char *plus = strrchr(symbol, '+');
        if (plus != NULL)
            *plus = '\0';
        words.function = symbol[0] != '\0' ? symbol : NULL;
        if (suppression_part_matches(&table, part, &words))
            return true;
    }
    return false;
}

static bool part_matches(const struct suppression_part *part, void *context)
{
    const struct violation *violation = context;
    const struct {
        enum suppression_role role;
        bool present;
        stack_id stack;
        uint16_t function;
    } stacks[] = {
        {ROLE_used, !violation->no_call, violation->used, violation->function},
        {ROLE_obtained, violation->has_birth, violation->obtained, violation->birth_function},
        {ROLE_freed, violation->has_death, violation->freed, violation->death_function},
        {ROLE_other, violation->has_other, violation->other, violation->other_function},
    };
    for (size_t i = 0; i < sizeof stacks / sizeof stacks[0]; i++)
        if (stacks[i].present && (part->role == ROLE_any || part->role == stacks[i].role) && stack_matches(part, stacks[i].stack, stacks[i].function))
            return true;
    return false;
}

static _Atomic uint64_t known[1024];

/* The same violation may come a million times: what was found for these very stacks is remembered. A slot holds the upper 48 bits of their key and
 * the index + 1 of the entry, 0 for none. */
static int find_entry(const struct violation *violation)
{
    uint64_t key = violation->rule * UINT64_C(0x9e3779b97f4a7c15);
    const uint64_t parts[] = {violation->used, violation->obtained, violation->freed, violation->other, violation->function, violation->death_function};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        key = (key ^ parts[i]) * UINT64_C(0xff51afd7ed558ccd), key ^= key >> 32;
    key |= UINT64_C(1) << 63; /* an empty slot is nobody's */
    _Atomic uint64_t *slot = &known[key >> 16 & 1023];
    uint64_t value = atomic_load_explicit(slot, memory_order_relaxed);
    if (value >> 16 == key >> 16)
        return (int)(value & 0xffff) - 1;
    int index = suppressions_find(&table, violation->rule, part_matches, (void *)(uintptr_t)violation);
    atomic_store_explicit(slot, (key & ~UINT64_C(0xffff)) | (uint64_t)(index + 1), memory_order_relaxed);
    return index;
}

bool suppressions_cover(const struct violation *violation)
{
    int index = table.count != 0 ? find_entry(violation) : -1;
    if (index < 0)
        return false;
    atomic_fetch_add_explicit(&matches[index], 1, memory_order_relaxed);
    return true;
}

uint64_t suppressions_matched(void)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < table.count; i++)
        sum += atomic_load_explicit(&matches[i], memory_order_relaxed);
    return sum;
}

bool suppressions_use(unsigned index, struct suppression_use *use)
{
    if (index >= table.count)
        return false;
    const struct suppression *entry = &table.entries[index];
    *use = (struct suppression_use){.name = suppression_text(&table, entry->name), .file = suppression_text(&table, entry->file), .line = entry->line,
                                    .count = atomic_load_explicit(&matches[index], memory_order_relaxed)};
    return true;
}

bool suppressions_may_be_unused(void)
{
    return !in_fork_child;
}

void suppressions_after_fork_child(void)
{
    in_fork_child = true;
    for (unsigned i = 0; i < table.count; i++)
        atomic_store(&matches[i], 0);
    memset((void *)known, 0, sizeof known); /* the stacks may be of another arena */
}

/* ---- generating ------------------------------------------------------------------------------------------------------------ */

struct block {
    char *text;
    size_t used, bytes;
    unsigned parts;
};

static __attribute__((format(printf, 2, 3))) void append(struct block *block, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(block->text + block->used, block->bytes - block->used, format, arguments);
    va_end(arguments);
    if (length > 0)
        block->used += (size_t)length < block->bytes - block->used ? (size_t)length : block->bytes - block->used - 1;
}

/* A name as a pattern that matches it. What a line of the file, or JSON, could not carry becomes `?`. */
static void append_pattern(struct block *block, const char *name)
{
    for (; *name != '\0'; name++)
    {
        unsigned length = utf8_length((const unsigned char *)name);
        if (length > 1)
        {
            append(block, "%.*s", (int)length, name);
            name += length - 1;
        }
        else if (length == 0 || (unsigned char)*name < 0x20 || *name == 0x7f)
            append(block, "?");
        else
            append(block, strchr("*?\\", *name) != NULL ? "\\%c" : "%c", *name);
    }
}

/* A sentence on one line. */
static void append_words(struct block *block, const char *words)
{
    for (; *words != '\0'; words++)
        append(block, "%c", (unsigned char)*words < 0x20 || (unsigned char)*words >= 0x7f ? '?' : *words);
}

/* The place of a stack, as place_key() sees it: what tells one report from another. */
static void append_place(struct block *block, const char *role, stack_id id)
{
    const struct stack_record *stack = stack_of(id);
    if (stack == NULL || stack->python_count + stack->native_count == 0)
        return;
    block->parts++;
    append(block, "   %s:place:", role);
    uint64_t key = place_key(id);
    for (unsigned i = 0; i < stack->python_count; i++)
    {
        const struct python_frame_record *frame = python_frame(stack, i);
        if (frame == NULL || stack_word(stack, i) + 1 != key)
            continue;
        append_pattern(block, tracker_text(TRACKER, frame->file));
        append(block, ":%u\n", frame->line);
        return;
    }
    char symbol[96];
    uint64_t word = stack_word(stack, 0);
    const char *module = stack_native_name(word, symbol, sizeof symbol), *slash = strrchr(module, '/');
    append_pattern(block, slash != NULL ? slash + 1 : module);
    append(block, "+0x%lx\n", (unsigned long)(word & STACK_OFFSET_MASK));
}

size_t suppressions_generate(const struct violation *violation, const char *message, char *text, size_t bytes)
{
    struct block block = {.text = text, .bytes = bytes};
    append(&block, "{\n   HF%u: ", violation->rule);
    append_words(&block, message);
    append(&block, "\n   HF%u\n", violation->rule);
    if (!violation->no_call)
        append_place(&block, "used", violation->used);
    if (violation->has_birth)
        append_place(&block, "obtained", violation->obtained);
    if (violation->has_death)
        append_place(&block, "freed", violation->freed);
    if (violation->has_other)
        append_place(&block, "other", violation->other);
    if (!violation->no_call && !report_joins_functions(violation->rule))
    {
        append(&block, "   used:function:%s\n", function_table[violation->function].name);
        block.parts++;
    }
    append(&block, "}\n");
    return block.parts > 0 && block.used + 1 < bytes ? block.used : 0;
}
