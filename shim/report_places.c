/* What a stack says: the user's line in it, the frames as words. See report_parts.h.
 *
 * Opens the user's source files to show the line, never blocking. No malloc; any thread, no lock of the tracker held.
 */
#include "report_parts.h"
#include "context.h"
#include "stack.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TRACKER (&holdfast_tracker)

const struct stack_record *stack_of(stack_id id)
{
    return tracker_record(TRACKER, SECTION_STACKS, id);
}

uint64_t stack_word(const struct stack_record *stack, unsigned index)
{
    const uint64_t *word = tracker_record(TRACKER, SECTION_WORDS, stack->first_word + index);
    return word != NULL ? *word : 0;
}

const struct python_frame_record *python_frame(const struct stack_record *stack, unsigned index)
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

/* False: it is longer than there is room for. */
static bool put_native(uint64_t word, bool with_path, char *out, size_t bytes)
{
    char symbol[96];
    const char *module = stack_native_name(word, symbol, sizeof symbol);
    const char *slash = with_path ? NULL : strrchr(module, '/');
    const char *shown = slash != NULL ? slash + 1 : module;
    unsigned long offset = (unsigned long)(word & STACK_OFFSET_MASK);
    int length = symbol[0] != '\0' ? snprintf(out, bytes, "%s (%s+0x%lx)", symbol, shown, offset) : snprintf(out, bytes, "%s+0x%lx", shown, offset);
    return length >= 0 && (size_t)length < bytes;
}

void native_text(uint64_t word, char *out, size_t bytes)
{
    put_native(word, false, out, bytes);
}

void native_frame_text(uint64_t word, char *out, size_t bytes)
{
    if (!put_native(word, true, out, bytes))
        put_native(word, false, out, bytes);
}

/* The line of the user's code in a stack: the innermost Python frame that is not a library's, else the innermost native frame. */
struct place find_place(stack_id id)
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
    }
    else if (stack->native_count > 0)
    {
        place.found = true;
        native_text(stack_word(stack, 0), place.native, sizeof place.native);
    }
    return place;
}

struct place place_of(stack_id id)
{
    struct place place = find_place(id);
    if (place.python)
        read_source_line(place.file, place.line, place.text, sizeof place.text);
    return place;
}

void place_text(const struct place *place, char *out, size_t bytes)
{
    if (!place->found)
        snprintf(out, bytes, "an unknown place");
    else if (place->python)
        snprintf(out, bytes, "%s:%u in %s", place->file, place->line, place->function);
    else
        snprintf(out, bytes, "%s", place->native);
}

/* What makes two reports the same: the user's line, not the library frames above it. */
uint64_t place_key(stack_id id)
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
